import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import { Bell } from '#controllers/evicted-bell.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import type { BroughtBack } from '#evict/bring-back.ts'
import type { Evicted } from '#evict/evicted.ts'
import { evictedKey } from '#evict/evicted-key.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

/** Something evicted that came into use, and what became of it. */
export interface EvictedReturn {
  readonly use: EvictedUse
  readonly outcome: BroughtBack['outcome']
  /** Where it failed. It is tried again. */
  readonly error?: TallymanError | undefined
  /** When that was begun, ms since the epoch; of one that failed: undefined. */
  readonly at?: number | undefined
  /** A failure that was not told yet. */
  readonly isNews: boolean
}

export interface EvictedReturnsParts {
  readonly clock: Clock
  readonly bringBack: (things: readonly Evicted[], signal: AbortSignal) => AsyncIterable<BroughtBack>
  /** Those of `uses` that something needs by now. */
  readonly stillInUse: (uses: readonly EvictedUse[]) => Promise<readonly EvictedUse[]>
  /** Told after every round of what came of it. */
  readonly told: (returns: readonly EvictedReturn[]) => void
}

interface Wanted {
  use: EvictedUse
  failures: number
  /** Monotonic ms. */
  notBefore: number
  lastCode: string | undefined
  /** It failed, and then nobody needed it any more. */
  isIdle: boolean
  /** When it is asked whether somebody needs it, once it has failed, monotonic ms. */
  askAt: number
}

/** So many are brought back before it is looked what came in meanwhile. */
const ROUND = 20
/** Whether somebody needs what has failed is asked so often: who needs it again is not kept waiting. */
const ASK_MS = 5_000
const RETRY: BackoffPolicy = { initial: 500, max: 60_000, factor: 2, jitter: 0.2 }

/** Brings back what came into use again, and tries what fails for as long as somebody needs it (S04). One for each policy. */
export class EvictedReturns {
  readonly #parts: EvictedReturnsParts
  readonly #wanted = new Map<string, Wanted>()
  #underWay: ReadonlySet<Wanted> = new Set()
  readonly #bell: Bell

  constructor(parts: EvictedReturnsParts) {
    this.#parts = parts
    this.#bell = new Bell(parts.clock)
  }

  /** How much is in use and not back yet. */
  get pending(): number {
    let pending = 0
    for (const { isIdle } of this.#wanted.values()) if (!isIdle) pending += 1
    return pending
  }

  /** What is wanted and not back yet, also what nobody needs at the moment. */
  *things(): Generator<Evicted, void, void> {
    for (const { use } of this.#wanted.values()) yield use.thing
  }

  want(uses: readonly EvictedUse[]): void {
    for (const use of uses) {
      const key = evictedKey(use.thing)
      const known = this.#wanted.get(key)
      if (known === undefined || this.#isAnother(known, use)) {
        const soon = Number.NEGATIVE_INFINITY
        this.#wanted.set(key, {
          ...{ use, failures: 0, notBefore: soon, askAt: soon },
          ...{ lastCode: undefined, isIdle: false },
        })
      } else if (use.belongsTo !== undefined) {
        const owners = [...(known.use.belongsTo ?? []), ...use.belongsTo]
        const belongsTo = [...new Map(owners.map((owner) => [evictedKey(owner), owner])).values()]
        known.use = { ...known.use, belongsTo }
      }
    }
    if (uses.length > 0) this.#bell.ring()
  }

  /** What is wanted again while it is brought back has gone again since, and what comes of that says nothing about it; a tag that went later named something else. */
  #isAnother(known: Wanted, use: EvictedUse): boolean {
    return this.#underWay.has(known) || use.thing.at > known.use.thing.at
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#ask()
      const now = this.#parts.clock.monotonic()
      const due = this.#next(now)
      if (due.length > 0) await this.#round(due, signal)
      else await this.#bell.wait(this.#nextAt() - now, signal)
    }
  }

  /** What has not failed yet goes before what has. */
  #next(now: number): Wanted[] {
    return [...this.#wanted.values()]
      .filter(({ notBefore, isIdle }) => notBefore <= now && !isIdle)
      .sort((a, b) => a.notBefore - b.notBefore)
      .slice(0, ROUND)
  }

  /** What has failed is asked about before it is tried again: where nobody needs it, there is nothing to alarm about. */
  async #ask(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    const failed = [...this.#wanted.values()].filter(
      ({ failures, askAt, notBefore, isIdle }) =>
        failures > 0 && askAt <= now && (isIdle || notBefore <= now),
    )
    if (failed.length === 0) return
    const before = this.pending
    let still: ReadonlySet<EvictedUse> | undefined
    try {
      still = new Set(await this.#parts.stillInUse(failed.map(({ use }) => use)))
    } catch {
      // Nobody knows: what was needed is tried.
    }
    const askAt = this.#parts.clock.monotonic() + ASK_MS
    for (const wanted of failed) {
      wanted.askAt = askAt
      if (still === undefined) continue
      wanted.isIdle = !still.has(wanted.use)
      if (wanted.isIdle) wanted.lastCode = undefined
    }
    if (this.pending !== before) this.#parts.told([])
  }

  #nextAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { notBefore, askAt, isIdle } of this.#wanted.values())
      next = Math.min(next, isIdle ? askAt : notBefore)
    return next
  }

  async #round(due: readonly Wanted[], signal: AbortSignal): Promise<void> {
    const left = new Map(due.map((wanted) => [wanted.use.thing, wanted]))
    const returns: EvictedReturn[] = []
    this.#underWay = new Set(due)
    try {
      for await (const back of this.#parts.bringBack([...left.keys()], signal)) {
        const wanted = left.get(back.thing)
        if (wanted === undefined) continue
        left.delete(back.thing)
        if (back.outcome === 'Failed') returns.push(this.#failed(wanted, back.error))
        else {
          const key = evictedKey(back.thing)
          if (this.#wanted.get(key) === wanted) this.#wanted.delete(key)
          returns.push({ use: wanted.use, outcome: back.outcome, at: back.at, isNews: true })
        }
      }
      const unsaid = new TallymanError('INTERNAL', 'nothing was said of what was to come back')
      for (const wanted of left.values()) returns.push(this.#failed(wanted, unsaid))
    } catch (thrown) {
      if (signal.aborted) return
      const error = asTallymanError(thrown)
      for (const wanted of left.values()) returns.push(this.#failed(wanted, error))
    } finally {
      this.#underWay = new Set()
    }
    this.#parts.told(returns)
  }

  #failed(wanted: Wanted, error: TallymanError): EvictedReturn {
    const isNews = wanted.lastCode !== error.code && error.kind !== 'cancelled'
    const delay = Math.max(error.retryAfterMs ?? 0, backoffDelay(RETRY, wanted.failures))
    wanted.failures += 1
    wanted.notBefore = this.#parts.clock.monotonic() + delay
    if (isNews) wanted.lastCode = error.code
    return { use: wanted.use, outcome: 'Failed', error, isNews }
  }
}
