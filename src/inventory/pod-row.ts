import { parseImageID } from '#inventory/image-id.ts'
import type { ContainerUse, UsingObject } from '#inventory/using-object.ts'

/** What the inventory reads of a pod; a projection of src/kube is one. Strings are empty where the pod has nothing. */
export interface PodRow {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** The owner reference with `controller: true`. */
  readonly owner?: { readonly kind: string; readonly name: string } | undefined
  readonly nodeName?: string | undefined
  readonly phase?: string | undefined
  /** When it Succeeded or Failed, as its node dates it, ms since the epoch. */
  readonly finishedAt?: number | undefined
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

/** No pod finished before Kubernetes was: an earlier time is that of a node without a clock. */
const EARLIEST_FINISH_MS = Date.UTC(2000, 0)

/**
 * Reads a pod at `now` (ms since the epoch). One that finished at a time that cannot be, before 2000 or after `now`,
 * counts as not finished: what is not known is in use.
 */
export function usingPod(pod: PodRow, now: number): UsingObject {
  const { uid, namespace, name, owner, nodeName, phase, finishedAt = 0, hasPullSecrets } = pod
  return {
    uid,
    namespace,
    name,
    kind: 'Pod',
    use: 'pod',
    owner,
    hasPullSecrets,
    images: [...pod.containers.map(containerUse), ...pod.volumeImages.map(volumeUse)],
    node: nodeName,
    phase,
    finishedAt: finishedAt >= EARLIEST_FINISH_MS && finishedAt <= now ? finishedAt : undefined,
  }
}

function containerUse({ image, imageID, pullPolicy, waitingReason }: PodRowContainer): ContainerUse {
  return {
    image,
    running: parseImageID(imageID),
    neverPull: pullPolicy === 'Never',
    pullFailing: PULL_FAILURES.has(waitingReason),
  }
}

function volumeUse(image: string): ContainerUse {
  return { image, running: undefined, neverPull: false, pullFailing: false }
}
