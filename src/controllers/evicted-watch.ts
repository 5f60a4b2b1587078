import { isDeepStrictEqual } from 'node:util'
import { asTallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import { Bell } from '#controllers/evicted-bell.ts'
import { EvictedIndexes } from '#controllers/evicted-indexes.ts'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import { type EvictedReturn, EvictedReturns } from '#controllers/evicted-returns.ts'
import { type EvictedUse, evictedInUse, NewUses, newestUses } from '#controllers/evicted-use.ts'
import type { IndexScope, RegistryIndexes } from '#controllers/registry-indexes.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { Evicted } from '#evict/evicted.ts'
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

export interface EvictedWatchParts {
  /** All inventories of the operator: what one of them has in use, none may miss (S01). */
  readonly live: Pick<Inventories, 'all' | 'onChange'>
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get'>
  readonly restorer: Pick<EvictedRestorer, 'bringBack'>
  readonly indexes: Pick<RegistryIndexes, 'holders'>
  /** What other installations use of a registry. */
  readonly claimsOf: (registry: RegistryObject) => readonly UsageClaim[]
  readonly clock: Clock
  readonly log: Log
  /** Told of what came into use again, and what became of it. */
  readonly told: (policy: string, returns: readonly EvictedReturn[], pending: number) => void
}

/** Changes of use are looked at so often at most. */
const LOOK_EVERY_MS = 1_000
/** Claims of others change without telling. */
const LOOK_ANYWAY_MS = 5_000

/** What the policies of this operator have evicted, watched as long as it can be brought back: what comes into use again is (S04). */
export class EvictedWatch {
  readonly #parts: EvictedWatchParts
  readonly #followed = new Map<string, Followed>()
  readonly #bell: Bell
  readonly #ending = new Set<Promise<void>>()
  #term: AbortSignal | undefined

  constructor(parts: EvictedWatchParts) {
    this.#parts = parts
    this.#bell = new Bell(parts.clock)
  }

  /** Whether what a policy has evicted is watched. */
  follows(policy: string): boolean {
    return this.#followed.has(policy)
  }

  /**
   * From now on these things of a policy are watched, in place of those that were.
   * @param policy, registry `namespace/name`
   * @param things asked for again at every look: they are not copied (notReturned)
   * @param isWhole false: of something that a run has begun nobody knows how it ended, and what was added stays watched
   */
  follow(policy: string, registry: string, things: Iterable<Evicted>, isWhole = true): void {
    if (this.#term === undefined || this.#term.aborted) return
    const since = isWhole ? undefined : this.#followed.get(policy)?.since
    this.forget(policy)
    this.#followed.set(policy, new Followed(policy, registry, things, this.#parts, this.#term, since))
    this.#bell.ring()
  }

  /** A run has taken these away. */
  add(policy: string, things: readonly Evicted[]): void {
    this.#followed.get(policy)?.add(things)
    this.#bell.ring()
  }

  /** The policy is gone. */
  forget(policy: string): void {
    const ending = this.#followed.get(policy)?.end()
    this.#followed.delete(policy)
    if (ending === undefined) return
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
  }

  /** Watches until the term ends; resolves when nothing of it runs any more. What the next one watches has to be said anew. */
  async run(term: AbortSignal): Promise<void> {
    this.#term = term
    const unsubscribe = this.#parts.live.onChange(() => this.#bell.ring())
    try {
      while (!term.aborted) {
        await this.#bell.wait(LOOK_ANYWAY_MS, term)
        if (this.#followed.size > 0 && !term.aborted) await this.#look()
        await pause(this.#parts.clock, LOOK_EVERY_MS, term)
      }
    } finally {
      unsubscribe()
      this.#term = undefined
      for (const policy of [...this.#followed.keys()]) this.forget(policy)
      await Promise.all(this.#ending)
    }
  }

  async #look(): Promise<void> {
    const snapshots = await Promise.all(this.#parts.live.all().map(({ live }) => live.calmSnapshot()))
    for (const [policy, each] of [...this.#followed]) {
      try {
        await each.look(snapshots)
      } catch (thrown) {
        each.lookAnew()
        const { code, message } = asTallymanError(thrown)
        this.#parts.log.warn(
          { policy, code, reason: message },
          'it was not looked whether something evicted is in use',
        )
      }
    }
  }
}

/** The evicted things of one policy. */
class Followed {
  readonly #parts: EvictedWatchParts
  readonly #registry: string
  readonly #past: Iterable<Evicted>
  /** What went since. */
  readonly since: EvictedThings
  /** By evictedKey, what is being brought back, or is: what went up to then is not looked at any more. */
  readonly #wanted = new Map<string, Evicted>()
  readonly #returns: EvictedReturns
  readonly #ending = new AbortController()
  readonly #working: Promise<void>
  readonly #uses = new NewUses()
  readonly #indexes: EvictedIndexes
  #added: Evicted[] = []
  /** What the last look was at. */
  #seen: readonly unknown[] = []
  #names: RegistryNames | undefined

  constructor(
    policy: string,
    registry: string,
    things: Iterable<Evicted>,
    parts: EvictedWatchParts,
    term: AbortSignal,
    since = new EvictedThings(),
  ) {
    this.#parts = parts
    this.since = since
    this.#registry = registry
    this.#past = things
    this.#returns = new EvictedReturns({
      clock: parts.clock,
      bringBack: (wanted, signal) => this.#bringBack(wanted, signal),
      told: (returns) => parts.told(policy, returns, this.#returns.pending),
    })
    const signal = AbortSignal.any([term, this.#ending.signal])
    this.#working = this.#returns.run(signal)
    this.#indexes = new EvictedIndexes({
      things: () => this.#watched(),
      holders: (usage, names, repositories) => this.#holders(usage, { names, repositories }, signal),
      found: (uses) => this.#want(uses),
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
    const changed = isSame(looked, this.#seen) ? undefined : this.#uses.of(usage)
    this.#seen = []
    // What is new in use against all that is gone, and what is newly gone against all that is in use.
    if (changed !== undefined) {
      this.#want(await evictedInUse(this.#watched(), inUseIndex(changed, names)))
    }
    if (added.length > 0) this.#want(await evictedInUse(added, inUseIndex(usage, names)))
    // What is newly gone may be a part of an index that has been in use for long.
    this.#indexes.look(added.length > 0 ? usage : changed, usage, names)
    this.#seen = looked
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

  *#watched(): Generator<Evicted, void, void> {
    for (const things of [this.#past, this.since]) {
      for (const thing of things) {
        const isWanted =
          this.#wanted.size > 0 && (this.#wanted.get(evictedKey(thing))?.at ?? NEVER) >= thing.at
        if (!isWanted) yield thing
      }
    }
  }

  #want(uses: readonly EvictedUse[]): void {
    const newest = newestUses(uses)
    for (const { thing } of newest) this.#wanted.set(evictedKey(thing), thing)
    this.#returns.want(newest)
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
    if (registry !== undefined) yield* this.#parts.restorer.bringBack(registry, things, signal)
  }
}

const NEVER = Number.NEGATIVE_INFINITY

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
}
