import type { Pins } from '#inventory/pins.ts'
import type { ImageReference } from '#inventory/reference.ts'
import type { RememberedImage } from '#inventory/remembered.ts'
import type { SourceView } from '#inventory/source-view.ts'
import type { InventoryVerdict, JudgedCluster } from '#inventory/trust/verdict.ts'
import { isPullingKind, type UseKind } from '#inventory/using-object.ts'

/** One image reference, as written, and everything the watched clusters say about its use. */
export interface ImageUse {
  /** As the objects write it. */
  readonly image: string
  /** undefined: no legal reference. The image counts as in use all the same. */
  readonly reference: ImageReference | undefined
  /** How it is used: distinct, from the strongest kind of use to the weakest. */
  readonly kinds: readonly UseKind[]
  /** Pods that name it, finished ones included. */
  readonly pods: number
  /** Objects that name it and are neither pods nor nodes. */
  readonly objects: number
  /** Nodes that have it in their cache. None proves nothing: nodes report no more than 50 images. */
  readonly nodesCaching: number
  /** Nothing uses it but pods that have finished. */
  readonly finishedOnly: boolean
  /** Distinct, strongest kinds of use first, then by cluster, namespace, kind and name; ten at most (first-users.ts). */
  readonly users: readonly WorkloadUser[]
  /** Distinct namespaces, sorted: of what may pull it (`isPulled`), of all its users where nothing does. */
  readonly namespaces: readonly string[]
  /** Every container that may pull it has imagePullPolicy Never, and there is one: no registry has to hold it (S24). */
  readonly neverPulled: boolean
  /** Something that may pull it names an imagePullSecret (S24). */
  readonly withPullSecret: boolean
  /** Distinct digests of manifests or indexes that containers with it run, or nodes cache, sorted. */
  readonly runningDigests: readonly string[]
  /** Distinct digests of image configs, where the runtime reports no more than that (S06), sorted. */
  readonly runningConfigs: readonly string[]
  /** Pods of which a container waits because this image cannot be pulled. */
  readonly pullFailures: number
}

/** Whether a node may pull it as things are: what only a rollback, a Helm release or a cache names is not asked for. */
export function isPulled(use: ImageUse): boolean {
  return use.kinds.some(isPullingKind)
}

export interface WorkloadUser {
  readonly cluster: string
  readonly namespace: string
  readonly kind: string
  readonly name: string
}

/** One cluster of an inventory, as it stands. */
export interface ClusterView extends JudgedCluster {
  /** UID of its `kube-system` namespace. */
  readonly identity?: string | undefined
  /** Why there is no connection to it, where there is none. */
  readonly unreachable?: string | undefined
  /** Everything in the cluster is held, and its watches are live. */
  readonly synced: boolean
  readonly sources: readonly SourceView[]
  readonly pods: number
  /** Distinct images that its live objects use. */
  readonly images: number
  /** What accepts that many images vanished at once. */
  readonly shrinkToken?: string | undefined
}

/** A cluster that is no longer watched, and whose last known set stays in use (S05). */
export interface FrozenCluster {
  readonly name: string
  readonly identity: string
  readonly images: number
  /** ms since the epoch. */
  readonly watchedUntil: number
}

export interface Platform {
  readonly os: string
  readonly architecture: string
}

/** Who uses what, at one moment, and what may be concluded from it. Immutable. */
export interface InventorySnapshot extends InventoryVerdict {
  /** Grows whenever a snapshot differs from the one before. */
  readonly version: number
  readonly takenAt: number
  readonly clusters: readonly ClusterView[]
  readonly frozen: readonly FrozenCluster[]
  /** Distinct platforms of all nodes, sorted. */
  readonly platforms: readonly Platform[]
  readonly pods: number
  /** What live objects use, sorted by image. */
  readonly images: readonly ImageUse[]
  /** What was in use lately, of every cluster: it counts as in use, whether something uses it now or not (S02). */
  readonly remembered: readonly RememberedImage[]
  readonly pins: Pins
}
