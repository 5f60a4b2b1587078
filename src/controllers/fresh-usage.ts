import { TallymanError } from '#catalogue/error.ts'
import { FRESH_MS, FreshLook } from '#clusters/fresh-look.ts'
import { type LeftLedgers, leftSentence } from '#clusters/left-ledgers.ts'
import type { LiveInventory } from '#clusters/live-inventory.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { withHeld } from '#inventory/held-images.ts'
import { type InUseIndex, inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { HeldImages } from '#scan/used-indexes.ts'
import type { Clock } from '#time/clock.ts'
import { ageOf } from '#time/moment.ts'

export interface FreshUsageParts {
  /** All of the operator: their union protects (S01). */
  readonly inventories: () => readonly {
    readonly key: string
    readonly live: Pick<LiveInventory, 'barrier'>
  }[]
  /** `namespace/name` of every ImageInventory that there is, set up or not. */
  readonly wanted: () => readonly string[]
  readonly left: Pick<LeftLedgers, 'read'>
  /** Of other installations. */
  readonly claims: () => readonly UsageClaim[]
  /** Of the registry that is deleted from. */
  readonly names: RegistryNames
  /** What contains what, of the indexes in use that the plan has not read (S35). */
  readonly holders: (usage: KnownUsage, signal: AbortSignal) => Promise<Omit<HeldImages, 'damaged'>>
  readonly clock: Clock
}

/** What of one registry is in use, never much older than the request that it is asked for (S03). */
export class FreshUsage {
  readonly #parts: FreshUsageParts
  readonly #fresh = new FreshLook()
  #held: readonly InventorySnapshot[] = []
  #lives: readonly Pick<LiveInventory, 'barrier'>[] = []
  #claims: readonly UsageClaim[] = []
  #index: InUseIndex | undefined
  #isStale = false
  /** When an index that was not there has to be looked for again, monotonic ms. */
  #askAgainAt = Number.POSITIVE_INFINITY

  constructor(parts: FreshUsageParts) {
    this.#parts = parts
  }

  /**
   * Resolves when the index is complete for everything that was created until 3 s ago. Callers at the same time share the work.
   * @throws BARRIER_NOT_REACHED, INVENTORY_NOT_TRUSTED, KUBE_*, REGISTRY_*, CANCELLED
   */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#fresh.until(
      () => this.#isFresh() && this.#isIndexed(),
      () => this.#look(signal),
    )
  }

  /** @throws BARRIER_NOT_REACHED before the first refresh */
  get index(): InUseIndex {
    if (this.#index !== undefined) return this.#index
    throw new TallymanError('BARRIER_NOT_REACHED', 'It was not looked yet what is in use')
  }

  #isFresh(): boolean {
    const lives = this.#parts.inventories().map(({ live }) => live)
    if (lives.length === 0 || !isSame(lives, this.#lives)) return false
    const { clock } = this.#parts
    return this.#held.every(({ barrier }) => barrier !== undefined && ageOf(barrier, clock) <= FRESH_MS)
  }

  /** Nothing is used that was not when the index was built, nor the other way round, and no index in use may be there by now that was not. */
  #isIndexed(): boolean {
    if (this.#index === undefined || this.#isStale) return false
    return this.#parts.clock.monotonic() < this.#askAgainAt && isSame(this.#parts.claims(), this.#claims)
  }

  async #look(signal: AbortSignal): Promise<void> {
    if (!this.#isFresh()) await this.#load(signal)
    if (!this.#isIndexed()) await this.#reindex(signal)
  }

  async #load(signal: AbortSignal): Promise<void> {
    const inventories = this.#parts.inventories()
    const keys = new Set(inventories.map(({ key }) => key))
    const missing = this.#parts.wanted().filter((key) => !keys.has(key))
    if (missing.length > 0)
      throw new TallymanError(
        'BARRIER_NOT_REACHED',
        `ImageInventory ${missing.join(', ')} is not watched yet`,
      )
    if (inventories.length === 0)
      throw new TallymanError('BARRIER_NOT_REACHED', 'No ImageInventory says what is in use')
    const [left] = await this.#parts.left.read(signal)
    if (left !== undefined) throw new TallymanError('INVENTORY_NOT_TRUSTED', leftSentence(left))
    const snapshots = await Promise.all(
      inventories.map(async ({ key, live }) => trusted(key, await live.barrier(signal))),
    )
    const lives = inventories.map(({ live }) => live)
    const isChanged =
      this.#held.length !== snapshots.length || !snapshots.every((it, at) => sameUse(it, this.#held[at]))
    this.#held = snapshots
    this.#lives = lives
    if (isChanged) this.#isStale = true
  }

  /** Built only where it has to be: it takes a while with 100,000 pods. */
  async #reindex(signal: AbortSignal): Promise<void> {
    const { names } = this.#parts
    const claims = this.#parts.claims()
    const usage = { snapshots: this.#held, claims }
    const { holders, askAgainAt = Number.POSITIVE_INFINITY } = await this.#parts.holders(usage, signal)
    this.#index = withHeld(inUseIndex(usage, names), holders)
    this.#askAgainAt = askAgainAt
    this.#claims = claims
    this.#isStale = false
  }
}

function trusted(key: string, snapshot: InventorySnapshot): InventorySnapshot {
  if (snapshot.trusted) return snapshot
  const why = snapshot.distrusts.map(({ message }) => message).join('; ')
  throw new TallymanError('INVENTORY_NOT_TRUSTED', `ImageInventory ${key}: ${why}`)
}

/** A snapshot shares with the one before what has not changed. */
function sameUse(a: InventorySnapshot, b: InventorySnapshot | undefined): boolean {
  return b !== undefined && a.images === b.images && a.remembered === b.remembered && a.pins === b.pins
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}
