import { setImmediate } from 'node:timers/promises'
import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import { type EvictedUse, evictedInUse } from '#controllers/evicted-use.ts'
import type { Evicted } from '#evict/evicted.ts'
import { withHeld } from '#inventory/held-images.ts'
import { inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { HeldImages } from '#scan/used-indexes.ts'
import type { Clock } from '#time/clock.ts'

export interface EvictedIndexesParts {
  /** What went, and is not being brought back. */
  readonly things: () => Iterable<Evicted>
  readonly holders: (
    usage: KnownUsage,
    names: RegistryNames,
    repositories: ReadonlySet<string>,
  ) => Promise<HeldImages>
  readonly found: (uses: readonly EvictedUse[]) => Promise<void>
  /** Told why an index could not be read, when that is news. */
  readonly failed: (error: TallymanError) => void
  readonly clock: Pick<Clock, 'monotonic'>
  readonly signal: AbortSignal
}

interface Unread {
  readonly usage: KnownUsage
  readonly names: RegistryNames
  /** It is all that is in use. */
  readonly isAll: boolean
}

/** What came into use while nothing can be read; more of it is all that is in use. */
const MAX_UNREAD = 16
/** So many are looked at in one turn of the event loop: some milliseconds. */
const STEP = 16_384

/**
 * Finds what went and is a part of an index in use (S35). To know what an index contains it has to be read: that goes on beside the looks at what is in use by itself, so
 * that a registry that does not answer holds up none of them.
 */
export class EvictedIndexes {
  readonly #parts: EvictedIndexesParts
  #unread: Unread[] = []
  #reading: Promise<void> | undefined
  /** Code of what kept something from being read the last time; undefined: nothing did. */
  #failing: string | undefined
  /** What was told of damaged indexes. Only a look at all that is in use can say that none is any more. */
  readonly #damage = new Set<string>()
  /** When all that is in use has to be asked for again, monotonic ms: an index was not there, or damaged. */
  #askAgainAt = Number.POSITIVE_INFINITY

  constructor(parts: EvictedIndexesParts) {
    this.#parts = parts
  }

  /**
   * What could not be read before is tried again; what was not there, or damaged, after a while.
   * @param changed what came into use; undefined: nothing did
   * @param all that is in use
   */
  look(changed: KnownUsage | undefined, all: KnownUsage, names: RegistryNames): void {
    if (changed !== undefined) this.#unread.push({ usage: changed, names, isAll: false })
    const isDue = this.#parts.clock.monotonic() >= this.#askAgainAt
    if (isDue) this.#askAgainAt = Number.POSITIVE_INFINITY
    if (isDue || this.#unread.length > MAX_UNREAD) this.#unread = [{ usage: all, names, isAll: true }]
    if (this.#unread.length === 0) return
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
  }

  /** Resolves when nothing is being read. */
  async end(): Promise<void> {
    await this.#reading
  }

  async #readAll(): Promise<void> {
    const { signal } = this.#parts
    for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
      try {
        this.#tellDamage(await this.#read(next), next)
      } catch (thrown) {
        if (signal.aborted) return
        // Last, so that it holds up nothing that can be read.
        this.#unread.push(next)
        this.#tellFailure(asTallymanError(thrown))
        return
      }
    }
    this.#failing = undefined
  }

  /** A registry that is away is asked again with each look. */
  #tellFailure(error: TallymanError): void {
    if (error.code !== this.#failing) this.#parts.failed(error)
    this.#failing = error.code
  }

  #tellDamage(damaged: TallymanError | undefined, { isAll }: Unread): void {
    if (damaged === undefined) {
      if (isAll) this.#damage.clear()
      return
    }
    const { code, message } = damaged
    const what = `${code} ${message}`
    if (!this.#damage.has(what)) this.#parts.failed(damaged)
    this.#damage.add(what)
  }

  async #read({ usage, names }: Unread): Promise<TallymanError | undefined> {
    const { holders: read, found } = this.#parts
    const repositories = new Set<string>()
    await this.#each(({ repository }) => repositories.add(repository))
    const { holders, damaged, askAgainAt } = await read(usage, names, repositories)
    this.#askAgainAt = Math.min(this.#askAgainAt, askAgainAt ?? Number.POSITIVE_INFINITY)
    const parts: Evicted[] = []
    if (holders.size > 0) await this.#each((thing) => holders.has(thing.digest) && parts.push(thing))
    if (parts.length > 0) await found(await evictedInUse(parts, withHeld(inUseIndex(usage, names), holders)))
    return damaged
  }

  async #each(visit: (thing: Evicted) => unknown): Promise<void> {
    let seen = 0
    for (const thing of this.#parts.things()) {
      visit(thing)
      seen += 1
      if (seen % STEP === 0) await setImmediate()
    }
  }
}
