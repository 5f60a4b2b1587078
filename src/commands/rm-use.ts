import { FRESH_MS, FreshLook } from '#clusters/fresh-look.ts'
import type { WatchedUse } from '#commands/cluster-use.ts'
import type { ClaimedUsage } from '#commands/rm-claims.ts'
import { type Holders, withHeld } from '#inventory/held-images.ts'
import { type InUseIndex, inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { Clock } from '#time/clock.ts'
import { ageOf, type Moment, momentOf } from '#time/moment.ts'

export interface RecentUseParts {
  readonly clusters: Pick<WatchedUse, 'snapshot' | 'barrier'>
  /** What installations of Tallyman say of theirs. */
  readonly claims: Pick<ClaimedUsage, 'read'>
  readonly names: RegistryNames
  /** What the indexes in use contain (S35). */
  readonly holders: (usage: KnownUsage, signal: AbortSignal) => Promise<Holders>
  readonly clock: Clock
}

/** What is in use by the clusters that are watched and by those that are claimed, never much older than the request that it is asked for (S03). */
export class RecentUse {
  /** As it was read at first. */
  readonly known: KnownUsage
  readonly #parts: RecentUseParts
  readonly #fresh = new FreshLook()
  #index: InUseIndex
  /** What was created before is known; undefined: what was read for the first decision was read for no request. */
  #proven: Moment | undefined

  private constructor(parts: RecentUseParts, known: KnownUsage) {
    this.#parts = parts
    this.known = known
    this.#index = inUseIndex(known, parts.names)
  }

  /** @throws CLAIM_FOREIGN, REGISTRY_*, CANCELLED */
  static async read(parts: RecentUseParts, signal: AbortSignal): Promise<RecentUse> {
    const claims = await parts.claims.read(signal)
    return new RecentUse(parts, { snapshots: [parts.clusters.snapshot], claims })
  }

  /** Another one after each look. */
  get index(): InUseIndex {
    return this.#index
  }

  /**
   * Resolves when the index is complete for everything that was created until 3 s ago.
   * @throws BARRIER_NOT_REACHED, CLAIM_FOREIGN, KUBE_*, REGISTRY_*, CANCELLED
   */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#fresh.until(
      () => this.#isFresh(),
      () => this.#look(signal),
    )
  }

  #isFresh(): boolean {
    return this.#proven !== undefined && ageOf(this.#proven, this.#parts.clock) <= FRESH_MS
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clusters, claims, names, holders, clock } = this.#parts
    // First: a registry that is slow does not make what the clusters use any older.
    const claimed = await claims.read(signal)
    const asked = momentOf(clock)
    const snapshot = await clusters.barrier(signal)
    const usage = { snapshots: [snapshot], claims: claimed }
    this.#index = withHeld(inUseIndex(usage, names), await holders(usage, signal))
    this.#proven = asked
  }
}
