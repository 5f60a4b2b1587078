import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { TallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { companionsOf } from '#controllers/evicted-companions.ts'
import { EvictedIndexes } from '#controllers/evicted-indexes.ts'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import { type EvictedReturn, EvictedReturns } from '#controllers/evicted-returns.ts'
import { type EvictedUse, evictedInUse, NewUses, newestUses } from '#controllers/evicted-use.ts'
import type { IndexScope, RegistryIndexes } from '#controllers/registry-indexes.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { stillInUse } from '#controllers/still-in-use.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { type Evicted, type EvictionHistory, isBackAgain, notReturned } from '#evict/evicted.ts'
import { evictedKey } from '#evict/evicted-key.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { registryNames } from '#inventory/registry-names.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { Log } from '#kube/log.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { HeldImages } from '#scan/used-indexes.ts'
import type { Clock } from '#time/clock.ts'

export interface FollowedEvictionsParts {
  /** All inventories of the operator: what one of them has in use, none may miss (S01). */
  readonly live: Pick<Inventories, 'all'>
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get'>
  readonly restorer: Pick<EvictedRestorer, 'bringBack'>
  readonly indexes: Pick<RegistryIndexes, 'holders'>
  /** What other installations use of a registry. */
  readonly claimsOf: (registry: RegistryObject) => readonly UsageClaim[]
  readonly clock: Clock
  readonly log: Log
  /** Told of what came into use again, what became of it, and how much of it is not back yet. */
  readonly told: (policy: string, returns: readonly EvictedReturn[], pending: number) => void
}

/** What one policy has evicted, watched for new use: what comes into use is brought back, with its signatures and the like (S04). */
export class FollowedEvictions {
  readonly #parts: FollowedEvictionsParts
  readonly #policy: string
  readonly #registry: string
  readonly #past: Iterable<Evicted>
  readonly #history: Pick<EvictionHistory, 'went' | 'returned'>
  /** What is back of it; undefined: nobody has looked yet. */
  #back: EvictedThings | undefined
  /** What went since. */
  readonly since: EvictedThings
  /** By evictedKey, what is being brought back, or is: what went up to then is not looked at any more. */
  readonly #wanted = new Map<string, EvictedUse>()
  readonly #returns: EvictedReturns
  readonly #ending = new AbortController()
  readonly #working: Promise<void>
  readonly #uses = new NewUses()
  readonly #indexes: EvictedIndexes
  #added: Evicted[] = []
  /** What the last look was at. */
  #seen: readonly unknown[] = []
  #names: RegistryNames | undefined
  /** What was told last of how much is in use and not back; undefined: nothing yet. */
  #told: number | undefined
  /** What was asked last of what is still in use, and the answer. */
  #asked: { readonly of: readonly unknown[]; readonly still: readonly EvictedUse[] } | undefined

  constructor(
    policy: string,
    registry: string,
    history: Pick<EvictionHistory, 'went' | 'returned'>,
    parts: FollowedEvictionsParts,
    term: AbortSignal,
    since = new EvictedThings(),
  ) {
    this.#parts = parts
    this.#policy = policy
    this.since = since
    this.#registry = registry
    this.#past = notReturned(history)
    this.#history = history
    const signal = AbortSignal.any([term, this.#ending.signal])
    this.#returns = new EvictedReturns({
      clock: parts.clock,
      bringBack: (wanted, signal) => this.#bringBack(wanted, signal),
      stillInUse: (uses) => this.#stillInUse(uses, signal),
      told: (returns) => this.#tell(returns),
    })
    this.#working = this.#returns.run(signal)
    this.#indexes = new EvictedIndexes({
      things: () => this.#watched(),
      holders: (usage, names, repositories) => this.#holders(usage, { names, repositories }, signal),
      found: async (uses) => this.#want([...uses, ...(await companionsOf(uses, this.#missing()))]),
      failed: ({ code, message }) =>
        parts.log.warn({ policy, code, reason: message }, 'an index in use could not be read'),
      clock: parts.clock,
      signal,
    })
  }

  add(things: readonly Evicted[]): void {
    this.since.add(things)
    for (const thing of things) {
      this.#wanted.delete(evictedKey(thing))
      this.#added.push(thing, ...this.#named(thing))
    }
  }

  /** The tags of a manifest that went only now: when they were found to be there, it was. */
  *#named({ repository, tag, digest }: Evicted): Generator<Evicted, void, void> {
    if (tag !== undefined) return
    for (const [key, wanted] of this.#wanted) {
      if (wanted.thing.digest !== digest || wanted.thing.repository !== repository) continue
      this.#wanted.delete(key)
      yield wanted.thing
    }
  }

  async look(snapshots: readonly InventorySnapshot[]): Promise<void> {
    const registry = this.#parts.registries.get(this.#registry)
    if (registry === undefined) return
    const names = this.#namesOf(registry)
    const claims = this.#parts.claimsOf(registry)
    // What comes while it is looked is for the next look.
    const added = this.#added
    this.#added = []
    const looked = [names, ...snapshots, ...claims]
    const usage = { snapshots, claims }
    const changed = isSame(looked, this.#seen) ? undefined : this.#uses.of(usage)
    this.#seen = []
    // What is new in use against all that is gone, and what is newly gone against all that is in use.
    if (changed !== undefined) {
      const index = inUseIndex(changed, names)
      const gone = await evictedInUse(this.#watched(), index)
      const back = await evictedInUse(await this.#returned(), index)
      this.#want([...gone, ...(await companionsOf([...gone, ...back], this.#missing()))])
    }
    if (added.length > 0) {
      const gone = await evictedInUse(added, inUseIndex(usage, names))
      this.#want([...gone, ...(await companionsOf(gone, this.#missing()))])
      // A signature may go when what it belongs to is back already.
      this.#want(await companionsOf([...this.#wanted.values()], added))
    }
    // What is newly gone may be a part of an index that has been in use for long.
    this.#indexes.look(added.length > 0 ? usage : changed, usage, names)
    this.#seen = looked
    // Another one that watched before, in this term or by another leader, may have told of something.
    if (this.#returns.pending === 0 && this.#told !== 0) this.#tell([])
  }

  /** The next look is at everything. */
  lookAnew(): void {
    this.#uses.reset()
    this.#seen = []
  }

  async end(): Promise<void> {
    this.#ending.abort()
    await Promise.all([this.#working, this.#indexes.end()])
  }

  /** What is back already needs its signatures all the same. */
  async #returned(): Promise<EvictedThings> {
    if (this.#back !== undefined) return this.#back
    const back = new EvictedThings()
    const { went, returned } = this.#history
    if (returned.length > 0) {
      const isBack = isBackAgain(this.#history)
      let seen = 0
      for (const thing of went) {
        if (isBack(thing)) back.add([thing])
        seen += 1
        if (seen % STEP === 0) await setImmediate()
      }
    }
    this.#back = back
    return back
  }

  /** Also what is being brought back, and is not back yet. */
  *#missing(): Generator<Evicted, void, void> {
    yield* this.#watched()
    yield* this.#returns.things()
  }

  *#watched(): Generator<Evicted, void, void> {
    for (const things of [this.#past, this.since]) {
      for (const thing of things) {
        const isWanted =
          this.#wanted.size > 0 && (this.#wanted.get(evictedKey(thing))?.thing.at ?? NEVER) >= thing.at
        if (!isWanted) yield thing
      }
    }
  }

  #want(uses: readonly EvictedUse[]): void {
    const newest = newestUses(uses)
    for (const use of newest) this.#wanted.set(evictedKey(use.thing), use)
    this.#returns.want(newest)
  }

  #tell(returns: readonly EvictedReturn[]): void {
    this.#told = this.#returns.pending
    this.#parts.told(this.#policy, returns, this.#told)
  }

  async #stillInUse(uses: readonly EvictedUse[], signal: AbortSignal): Promise<readonly EvictedUse[]> {
    const registry = this.#parts.registries.get(this.#registry)
    if (registry === undefined) return uses
    const snapshots = await Promise.all(this.#parts.live.all().map(({ live }) => live.calmSnapshot()))
    const names = this.#namesOf(registry)
    const claims = this.#parts.claimsOf(registry)
    const of = [names, ...snapshots, ...claims, ...uses]
    // To look up what is in use takes a while in a large cluster.
    if (this.#asked !== undefined && isSame(of, this.#asked.of)) return this.#asked.still
    const still = await stillInUse(uses, {
      ...{ usage: { snapshots, claims }, names },
      holders: (usage, repositories) => this.#holders(usage, { names, repositories }, signal),
    })
    this.#asked = { of, still }
    return still
  }

  /** The same object as long as they are the same. */
  #namesOf(registry: RegistryObject): RegistryNames {
    const names = registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
    if (this.#names !== undefined && isDeepStrictEqual(this.#names, names)) return this.#names
    this.#names = names
    this.lookAnew()
    return names
  }

  async #holders(
    usage: KnownUsage,
    scope: Pick<IndexScope, 'names' | 'repositories'>,
    signal: AbortSignal,
  ): Promise<HeldImages> {
    const registry = this.#parts.registries.get(this.#registry)
    if (registry === undefined) return { holders: new Map(), damaged: undefined, askAgainAt: undefined }
    return await this.#parts.indexes.holders({ registry, ...scope }, usage, signal)
  }

  async *#bringBack(things: readonly Evicted[], signal: AbortSignal) {
    const registry = this.#parts.registries.get(this.#registry)
    if (registry === undefined) {
      throw new TallymanError('REFERENCE_NOT_FOUND', `there is no Registry ${this.#registry} any more`)
    }
    yield* this.#parts.restorer.bringBack(registry, things, signal)
  }
}

const NEVER = Number.NEGATIVE_INFINITY
/** So many are looked at in one turn of the event loop: some milliseconds. */
const STEP = 16_384

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}
