/**
 * How an object uses images, from the strongest kind of use to the weakest:
 * `pod`: a pod that exists, finished or not.
 * `template`: the pod template of a workload, also of one at 0 replicas or suspended.
 * `history`: what a rollback would pull: old ReplicaSets, ControllerRevisions.
 * `custom`: declared field paths of custom kinds.
 * `kept`: extra images that a workload says it needs (annotation tallyman.dev/keep).
 * `helm`: a Helm release Secret.
 * `node`: the image cache of a node. Presence counts, absence proves nothing.
 */
export const USE_KINDS = ['pod', 'template', 'history', 'custom', 'kept', 'helm', 'node'] as const

export type UseKind = (typeof USE_KINDS)[number]

const PULLING_KINDS: ReadonlySet<UseKind> = new Set(['pod', 'template', 'custom', 'kept'])

/** Whether nodes pull for such a use as things are, without a rollback. */
export function isPullingKind(kind: UseKind): boolean {
  return PULLING_KINDS.has(kind)
}

/** One container, init container, ephemeral container or image volume; of other uses, one image that is named. */
export interface ContainerUse {
  readonly image: string
  readonly running: { readonly kind: 'manifest' | 'config'; readonly digest: string } | undefined
  readonly neverPull: boolean
  readonly pullFailing: boolean
}

/** One Kubernetes object that uses images. */
export interface UsingObject {
  readonly uid: string
  /** Empty for kinds without namespaces. */
  readonly namespace: string
  readonly name: string
  /** Of the object itself: Pod, Deployment, Node, Secret, Rollout, … */
  readonly kind: string
  readonly use: UseKind
  /** The ownerReference with `controller: true`. */
  readonly owner?: { readonly kind: string; readonly name: string } | undefined
  readonly hasPullSecrets: boolean
  readonly images: readonly ContainerUse[]
  /** Pods: where it is scheduled. */
  readonly node?: string | undefined
  /** Pods: Pending, Running, Succeeded, Failed or Unknown. */
  readonly phase?: string | undefined
  /** Pods that Succeeded or Failed, and what they keep: ms since the epoch. Absent: not finished, or nobody knows when. */
  readonly finishedAt?: number | undefined
}
