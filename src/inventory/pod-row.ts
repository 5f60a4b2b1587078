/** What the inventory keeps of a pod; a projection of src/kube is one. Strings are empty where the pod has nothing. */
export interface PodRow {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** The owner reference with `controller: true`. */
  readonly owner?: { readonly kind: string; readonly name: string } | undefined
  /** The pod names an imagePullSecret. */
  readonly hasPullSecrets: boolean
  /** Containers, init containers and ephemeral containers. */
  readonly containers: readonly PodRowContainer[]
  /** References of image volumes. */
  readonly volumeImages: readonly string[]
}

export interface PodRowContainer {
  readonly image: string
  /** As the runtime reports it, in any spelling. */
  readonly imageID: string
  readonly pullPolicy: string
  readonly waitingReason: string
}

/** Reasons of a waiting container that say its image cannot be had (kubelet, pkg/kubelet/images/types.go and CRI). */
const PULL_FAILURES: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])

/** Whether a container that waits for `reason` waits for its image. */
export function isPullFailure(reason: string): boolean {
  return PULL_FAILURES.has(reason)
}
