import type { ImageReference } from '#inventory/reference.ts'

/** One image reference, as written, and everything the watched clusters say about its use. */
export interface ImageUse {
  /** As the pods write it. */
  readonly image: string
  /** undefined: no legal reference. The image counts as in use all the same. */
  readonly reference: ImageReference | undefined
  /** Pods that name it, finished ones included. */
  readonly pods: number
  /** Distinct, sorted by cluster, namespace, kind and name; ten at most (first-users.ts). */
  readonly users: readonly WorkloadUser[]
  /** All distinct namespaces, sorted. */
  readonly namespaces: readonly string[]
  /** Every container with it has imagePullPolicy Never: no registry has to hold it (S24). */
  readonly neverPulled: boolean
  /** Some pod with it names an imagePullSecret (S24). */
  readonly withPullSecret: boolean
  /** Distinct digests of manifests or indexes that containers with it run, sorted. */
  readonly runningDigests: readonly string[]
  /** Distinct digests of image configs, where the runtime reports no more than that (S06), sorted. */
  readonly runningConfigs: readonly string[]
  /** Pods of which a container waits because this image cannot be pulled. */
  readonly pullFailures: number
}

export interface WorkloadUser {
  readonly cluster: string
  readonly namespace: string
  readonly kind: string
  readonly name: string
}

export interface ClusterView {
  readonly name: string
  /** Everything in the cluster is held, and its watches are live. */
  readonly synced: boolean
  readonly pods: number
  /** Why it is not synced. */
  readonly reason?: string
  /** When `synced` last changed, in milliseconds since the epoch. */
  readonly since: number
}

export interface Platform {
  readonly os: string
  readonly architecture: string
}

/** Who uses what, at one moment. Immutable. */
export interface InventorySnapshot {
  /** Grows whenever a snapshot differs from the one before. */
  readonly version: number
  readonly takenAt: number
  /** Every cluster is synced, and there is one at least. */
  readonly synced: boolean
  readonly clusters: readonly ClusterView[]
  /** Distinct platforms of all nodes, sorted. */
  readonly platforms: readonly Platform[]
  readonly pods: number
  /** Sorted by image. */
  readonly images: readonly ImageUse[]
}
