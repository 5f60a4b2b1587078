import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import { Bell } from '#controllers/evicted-bell.ts'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import type { StillInUse } from '#controllers/still-in-use.ts'
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
  /** Those of `uses` that something needs by now. Where it throws, nobody knows. */
  readonly stillInUse: (uses: readonly EvictedUse[]) => Promise<StillInUse>
  /** Told after every round of what came of it. */
  readonly told: (returns: readonly EvictedReturn[]) => void
  /** Told of what is not brought back any more: it belonged to a tag that names something else by now. */
  readonly disowned: (thing: Evicted) => void
}

interface Wanted {
  use: EvictedUse
  /** Something uses it in its own right: it waits for nothing, whatever it belongs to besides. */
  isOwn: boolean
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

  /** Whether it is wanted and not back yet, also while nobody needs it. */
  has(thing: Evicted): boolean {
    return this.#wanted.has(evictedKey(thing))
  }

  /** Whether it is wanted, and not back yet, for what it belongs to and nothing else. */
  isCompanion(thing: Evicted): boolean {
    return this.#wanted.get(evictedKey(thing))?.isOwn === false
  }

  want(uses: readonly EvictedUse[]): void {
    const soon = Number.NEGATIVE_INFINITY
    for (const use of uses) {
      const key = evictedKey(use.thing)
      const known = this.#wanted.get(key)
      const wanted = {
        use: known === undefined || use.thing.at > known.use.thing.at ? use : joined(known.use, use),
        isOwn: use.belongsTo === undefined || known?.isOwn === true,
      }
      if (known === undefined || this.#isAnother(known, use)) {
        this.#wanted.set(key, {
          ...{ ...wanted, failures: 0, notBefore: soon, askAt: soon },
          ...{ lastCode: undefined, isIdle: false },
        })
        continue
      }
      Object.assign(known, wanted)
      if (known.isIdle) known.askAt = soon
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

  /** What has not failed yet goes before what has; a signature after something that it belongs to. */
  #next(now: number): Wanted[] {
    return [...this.#wanted.values()]
      .filter((wanted) => wanted.notBefore <= now && !wanted.isIdle && !this.#waits(wanted))
      .sort((a, b) => a.notBefore - b.notBefore)
      .slice(0, ROUND)
  }

  /** A signature of something that is not back is of no use. */
  #waits({ use: { belongsTo }, isOwn }: Wanted): boolean {
    return !isOwn && (belongsTo?.every((owner) => this.has(owner)) ?? false)
  }

  /** What has failed, or waits for what has, is asked about before it is tried again: where nobody needs it, there is nothing to alarm about. */
  async #ask(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    const due = [...this.#wanted.values()].filter(
      (wanted) =>
        wanted.askAt <= now && (wanted.isIdle || this.#waits(wanted) || isToBeTriedAgain(wanted, now)),
    )
    if (due.length === 0) return
    const before = this.pending
    const asked = due.map((wanted) => ({ wanted, use: wanted.use }))
    const { used, isWhole } = await this.#stillInUse(asked.map(({ use }) => use))
    const needed = new Set(used)
    const askAt = this.#parts.clock.monotonic() + ASK_MS
    for (const { wanted, use } of asked) {
      wanted.askAt = askAt
      // It was wanted again meanwhile.
      if (wanted.use !== use) continue
      if (needed.has(use)) wanted.isIdle = false
      else if (isWhole) {
        wanted.isIdle = true
        wanted.lastCode = undefined
      }
    }
    if (this.pending !== before) this.#parts.told([])
  }

  async #stillInUse(uses: readonly EvictedUse[]): Promise<StillInUse> {
    try {
      return await this.#parts.stillInUse(uses)
    } catch {
      // Nobody knows: what was needed is tried, and says what is wrong.
      return { used: [], isWhole: false }
    }
  }

  #nextAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const wanted of this.#wanted.values()) {
      next = Math.min(next, wanted.isIdle || this.#waits(wanted) ? wanted.askAt : wanted.notBefore)
    }
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
          if (back.outcome === 'Taken') this.#disown(back.thing)
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

  /** What names something else by now needs nothing of what belonged to what it named. */
  #disown(taken: Evicted): void {
    for (const [key, wanted] of this.#wanted) {
      const { belongsTo } = wanted.use
      if (belongsTo === undefined) continue
      const owners = belongsTo.filter((owner) => evictedKey(owner) !== evictedKey(taken))
      if (owners.length === belongsTo.length) continue
      if (owners.length > 0 || wanted.isOwn) wanted.use = { ...wanted.use, belongsTo: owners }
      else {
        this.#wanted.delete(key)
        this.#parts.disowned(wanted.use.thing)
      }
    }
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

function isToBeTriedAgain({ failures, notBefore }: Wanted, now: number): boolean {
  return failures > 0 && notBefore <= now
}

/** With all that it belongs to. */
function joined(known: EvictedUse, { belongsTo = [] }: EvictedUse): EvictedUse {
  if (belongsTo.length === 0) return known
  const owners = [...(known.belongsTo ?? []), ...belongsTo]
  return { ...known, belongsTo: [...new Map(owners.map((owner) => [evictedKey(owner), owner])).values()] }
}
