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
import { type StillInUse, stillInUse } from '#controllers/still-in-use.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { subjectOf } from '#evict/chosen-back.ts'
import { type Evicted, type EvictionHistory, isBackAgain } from '#evict/evicted.ts'
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
  readonly #past: Pick<EvictionHistory, 'went' | 'returned'>
  /** Of what went, whether it is back; undefined: nobody has asked yet. */
  #back: ((each: Evicted) => boolean) | undefined
  /** What went since. */
  readonly since: EvictedThings
  /** By evictedKey, what is being brought back, or is: what went up to then is not looked at any more. */
  readonly #wanted = new Map<string, Evicted>()
  /** Tags that were to come back and name something else: nothing belongs to what they named. */
  readonly #taken = new Set<string>()
  readonly #returns: EvictedReturns
  readonly #ending = new AbortController()
  readonly #working: Promise<void>
  readonly #uses = new NewUses()
  readonly #indexes: EvictedIndexes
  #added: Evicted[] = []
  /** Something went of which a look at what is newly in use does not say whether it is needed: a signature, of something that is back. */
  #isWholeDue = false
  /** Everything is not looked at for that before, monotonic ms. */
  #wholeFrom = Number.NEGATIVE_INFINITY
  /** What the last look was at. */
  #seen: readonly unknown[] = []
  #names: RegistryNames | undefined
  /** What was told last of how much is in use and not back; undefined: nothing yet. */
  #told: number | undefined
  /** What was asked last of what is still in use, and the answer. */
  #asked: { readonly of: readonly unknown[]; readonly still: StillInUse } | undefined

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
    this.#past = history
    const signal = AbortSignal.any([term, this.#ending.signal])
    this.#returns = new EvictedReturns({
      clock: parts.clock,
      bringBack: (wanted, signal) => this.#bringBack(wanted, signal),
      stillInUse: (uses) => this.#stillInUse(uses, signal),
      told: (returns) => this.#tell(returns),
      disowned: (thing) => this.#wanted.delete(evictedKey(thing)),
    })
    this.#working = this.#returns.run(signal)
    this.#indexes = new EvictedIndexes({
      things: () => this.#watched(),
      holders: (usage, names, repositories) => this.#holders(usage, { names, repositories }, signal),
      found: (uses) => this.#want(uses, uses),
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
      this.#taken.delete(bindingOf(thing))
      this.#added.push(thing, ...this.#named(thing))
      if (subjectOf(thing) !== undefined) this.#isWholeDue = true
    }
  }

  /** The tags of a manifest that went only now: when they were found to be there, it was. */
  *#named({ repository, tag, digest }: Evicted): Generator<Evicted, void, void> {
    if (tag !== undefined) return
    for (const [key, wanted] of this.#wanted) {
      if (wanted.digest !== digest || wanted.repository !== repository) continue
      this.#wanted.delete(key)
      yield wanted
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
    const news = isSame(looked, this.#seen) ? undefined : this.#uses.of(usage)
    const isWhole = this.#isWholeDue && this.#parts.clock.monotonic() >= this.#wholeFrom
    if (isWhole) this.#isWholeDue = false
    const changed = isWhole ? usage : news
    this.#seen = []
    // What is new in use against all that is gone, and what is newly gone against all that is in use.
    if (changed !== undefined) {
      const index = inUseIndex(changed, names)
      const past = await evictedInUse(this.#past.went, index)
      const since = await evictedInUse(this.since, index)
      const gone = [...past.filter(({ thing }) => !this.#isBack(thing)), ...since]
      await this.#want(
        gone.filter(({ thing }) => !this.#isWanted(thing) || this.#returns.isCompanion(thing)),
        [...past, ...since],
      )
    }
    if (isWhole) this.#wholeFrom = this.#parts.clock.monotonic() + WHOLE_MS
    if (added.length > 0) {
      const uses = await evictedInUse(added, inUseIndex(usage, names))
      await this.#want(uses, uses)
    }
    // What is newly gone may be a part of an index that has been in use for long.
    this.#indexes.look(added.length > 0 ? usage : news, usage, names)
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

  /** What went and is not back, as far as journals know, and is not being brought back. */
  *#watched(): Generator<Evicted, void, void> {
    for (const thing of this.#past.went) if (!this.#isBack(thing) && !this.#isWanted(thing)) yield thing
    for (const thing of this.since) if (!this.#isWanted(thing)) yield thing
  }

  #everything(): Iterable<Evicted> {
    const { went } = this.#past
    const { since } = this
    return {
      *[Symbol.iterator]() {
        yield* went
        yield* since
      },
    }
  }

  #isBack(thing: Evicted): boolean {
    this.#back ??= isBackAgain(this.#past)
    return this.#back(thing)
  }

  #isWanted(thing: Evicted): boolean {
    return this.#wanted.size > 0 && (this.#wanted.get(evictedKey(thing))?.at ?? NEVER) >= thing.at
  }

  /**
   * @param gone what is in use and is not there
   * @param used what went and is in use, also what is back by now: it needs its signatures all the same
   */
  async #want(gone: readonly EvictedUse[], used: readonly EvictedUse[]): Promise<void> {
    const isTaken = (thing: Evicted) => this.#taken.has(bindingOf(thing))
    const owners = newestUses(used).filter(({ thing }) => !isTaken(thing))
    const companions = await companionsOf(owners, this.#everything())
    const missing = companions.filter(
      ({ thing, belongsTo }) =>
        // It may have turned out meanwhile.
        belongsTo?.every(isTaken) !== true &&
        !this.#isBack(thing) &&
        (!this.#isWanted(thing) || this.#returns.has(thing)),
    )
    const newest = newestUses([...gone, ...missing])
    for (const { thing } of newest) this.#wanted.set(evictedKey(thing), thing)
    this.#returns.want(newest)
  }

  #tell(returns: readonly EvictedReturn[]): void {
    this.#told = this.#returns.pending
    this.#parts.told(this.#policy, returns, this.#told)
  }

  /** @throws REFERENCE_NOT_FOUND by what names the registry goes is not known any more */
  async #stillInUse(uses: readonly EvictedUse[], signal: AbortSignal): Promise<StillInUse> {
    const registry = this.#parts.registries.get(this.#registry)
    if (registry === undefined) throw this.#registryGone()
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
    if (registry === undefined) throw this.#registryGone()
    for await (const back of this.#parts.restorer.bringBack(registry, things, signal)) {
      // Before what belonged to it is given up, and wanted again by the next look.
      if (back.outcome === 'Taken') this.#taken.add(bindingOf(back.thing))
      yield back
    }
  }

  #registryGone(): TallymanError {
    return new TallymanError('REFERENCE_NOT_FOUND', `there is no Registry ${this.#registry} any more`)
  }
}

const NEVER = Number.NEGATIVE_INFINITY
/** To look at everything takes a while where much went. */
const WHOLE_MS = 3_000

/** A tag with what it named: what it names by now is another one. */
function bindingOf(thing: Evicted): string {
  return `${evictedKey(thing)} ${thing.digest}`
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}
