import { findUse, type ImageUses, imageUses, imageUsesInSteps } from '#inventory/image-uses.ts'
import type { Inventory } from '#inventory/inventory.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { Pins } from '#inventory/pins.ts'
import { distinctPlatforms } from '#inventory/platforms.ts'
import { parseReference } from '#inventory/reference.ts'
import { type ReferenceOf, type Remembered, remembered, rememberedInSteps } from '#inventory/remembered.ts'
import type { ClusterView, FrozenCluster, InventorySnapshot, Platform } from '#inventory/snapshot.ts'
import type { Distrust } from '#inventory/trust/distrust.ts'
import { type InventoryVerdict, verdictOf } from '#inventory/trust/verdict.ts'
import type { WatchedCluster } from '#inventory/watched-cluster.ts'

/** What a snapshot is made of besides the inventory itself. */
export interface SnapshotParts {
  readonly now: Moment
  readonly platforms: Iterable<Platform>
  readonly pins: Pins
  /** Why not every pin is known; empty: all are. */
  readonly pinProblems: readonly string[]
}

/**
 * Makes snapshots of one inventory, each from the one before: what did not change is not put together again. It holds the last one only
 * weakly, because a snapshot takes more memory than what it is made from.
 */
export class SnapshotMaker {
  readonly #inventory: Inventory
  #version = 0
  #last: WeakRef<Made> | undefined
  /** What `catchUp` put together and no snapshot holds yet. */
  #ahead: Pick<Made, 'clusters' | 'uses' | 'remembered'> | undefined
  /** Keeps what a snapshot was made from as long as somebody holds the snapshot. */
  readonly #held = new WeakMap<InventorySnapshot, Made>()

  constructor(inventory: Inventory) {
    this.#inventory = inventory
  }

  /** As `verdict` says it, at little cost. */
  get isSynced(): boolean {
    const { clusters } = this.#inventory
    const counts = ({ policy, sameAs }: WatchedCluster) => policy.required && sameAs === undefined
    return clusters.length > 0 && clusters.every((cluster) => cluster.synced || !counts(cluster))
  }

  /** What may be concluded at this moment, pins aside. */
  verdict(now: Moment): InventoryVerdict {
    const views = this.#inventory.clusters.map((cluster) => viewOf(cluster, now))
    return verdictOf(views, ownDistrusts(this.#inventory, []))
  }

  /**
   * Puts together what changed in steps of a few milliseconds, so that the next `make` has little left to do.
   * Between two steps the clusters may change.
   */
  *catchUp(): Generator<undefined, void> {
    const clusters = countedClusters(this.#inventory)
    const uses = yield* imageUsesInSteps(clusters, this.#usesOf(clusters), STEP)
    const { memories } = this.#inventory
    this.#ahead = {
      clusters,
      uses,
      remembered: yield* rememberedInSteps(memories, this.#remembered, STEP, referencesIn(uses)),
    }
  }

  /** The same object as before while nothing changed. */
  make(parts: SnapshotParts): InventorySnapshot {
    const inventory = this.#inventory
    inventory.rememberGone(parts.now)
    const before = this.#last?.deref()
    const clusters = countedClusters(inventory)
    const uses = imageUses(clusters, this.#usesOf(clusters))
    const past = remembered(inventory.memories, this.#remembered, referencesIn(uses))
    this.#ahead = undefined
    const views = inventory.clusters.map((cluster) => viewOf(cluster, parts.now))
    const verdict = verdictOf(views, ownDistrusts(inventory, parts.pinProblems))
    const platforms = distinctPlatforms(parts.platforms)
    const frozen = frozenOf(inventory)
    const mark = JSON.stringify([views.map(inMinutes), inMinutes(verdict), platforms, frozen])
    if (
      before !== undefined &&
      before.uses === uses &&
      before.remembered === past &&
      before.snapshot.pins === parts.pins &&
      before.mark === mark
    ) {
      return before.snapshot
    }
    this.#version += 1
    const snapshot: InventorySnapshot = {
      ...verdict,
      version: this.#version,
      takenAt: parts.now.wall,
      clusters: views,
      frozen,
      platforms,
      pods: views.reduce((sum, { pods }) => sum + pods, 0),
      images: uses.images,
      remembered: past.images,
      pins: parts.pins,
    }
    const made = { snapshot, uses, clusters, remembered: past, mark }
    this.#held.set(snapshot, made)
    this.#last = new WeakRef(made)
    return snapshot
  }

  get #remembered(): Remembered | undefined {
    return (this.#ahead ?? this.#last?.deref())?.remembered
  }

  /** What was put together last, as far as it is of the same clusters. */
  #usesOf(clusters: readonly WatchedCluster[]): ImageUses | undefined {
    const last = this.#ahead ?? this.#last?.deref()
    return last !== undefined && isSameList(last.clusters, clusters) ? last.uses : undefined
  }
}

/** Containers and images of one step: about 5 ms. */
const STEP = 1_000

interface Made {
  readonly snapshot: InventorySnapshot
  readonly uses: ImageUses
  readonly clusters: readonly WatchedCluster[]
  readonly remembered: Remembered
  readonly mark: string
}

function referencesIn(uses: ImageUses): ReferenceOf {
  return (image) => {
    const use = findUse(uses, image)
    return use === undefined ? parseReference(image) : use.reference
  }
}

/** Of several names of one cluster, one counts. */
export function countedClusters(inventory: Inventory): readonly WatchedCluster[] {
  return inventory.clusters.filter(({ sameAs }) => sameAs === undefined)
}

function viewOf(cluster: WatchedCluster, now: Moment): ClusterView {
  const { name, identity, sameAs, unreachable, notSynced, sources, barrier, shrinkToken, uses } = cluster
  return {
    ...{ name, identity, sameAs, unreachable, notSynced, sources, barrier, shrinkToken },
    required: cluster.policy.required,
    synced: notSynced === undefined,
    distrusts: cluster.distrusts(now),
    pods: uses.pods,
    images: uses.images,
    coveredMs: cluster.memory?.watched.coveredMs,
  }
}

function ownDistrusts({ memoryState }: Inventory, pinProblems: readonly string[]): Distrust[] {
  const found: Distrust[] = []
  if (memoryState === 'unloaded') {
    found.push({ reason: 'LedgerNotLoaded', message: 'What was in use lately has not been read yet' })
  }
  if (pinProblems.length > 0) found.push({ reason: 'PinsUnreadable', message: pinProblems.join('; ') })
  return found
}

function frozenOf(inventory: Inventory): FrozenCluster[] {
  return inventory.frozen.map(({ name, identity, ledger, watched }) => ({
    name,
    identity,
    images: ledger.size,
    watchedUntil: watched.record.watchedUntil,
  }))
}

/** Coverage grows all the time: a snapshot that says it to the minute is as good. */
function inMinutes<T extends { readonly coveredMs?: number | undefined }>(part: T): T {
  return part.coveredMs === undefined ? part : { ...part, coveredMs: Math.floor(part.coveredMs / 60_000) }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
