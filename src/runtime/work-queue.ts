import { TallymanError } from '#catalogue/error.ts'
import { RateLimiter } from '#runtime/rate-limiter.ts'
import { ReadyLanes } from '#runtime/ready-lanes.ts'
import type { BackoffPolicy } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

/** What the first list and a resync enqueue with: an edit of a user goes before them. */
export const LOW_PRIORITY = -100

/** Told about every step, for metrics. Durations in milliseconds. */
export interface WorkQueueObserver {
  added(): void
  retried(): void
  /** How many keys of this priority are ready. */
  depth(priority: number, ready: number): void
  taken(waitedMs: number): void
  worked(tookMs: number): void
}

export interface WorkQueueOptions {
  readonly clock: Clock
  readonly backoff?: BackoffPolicy | undefined
  readonly observer?: WorkQueueObserver | undefined
}

interface Wish {
  /** Monotonic milliseconds. */
  readonly dueAt: number
  readonly priority: number
}

interface Queued extends Wish {
  /** Set while the key waits for its time. */
  readonly cancelTimer: (() => void) | undefined
}

/**
 * A queue of keys for level-triggered work. A key is in at most one of two sets: *queued* (ready, or waiting for its
 * time) and *processing*; a key asked for while it is processed is remembered as *dirty* and queued when it is done.
 * - The same key is never handed out twice at once.
 * - Asking many times is one run; asking during a run is one more run after it.
 * - A key asked for at two times runs at the earlier one, with the higher of the two priorities.
 * - What is queued at shutdown is dropped: it comes again with the first list of the next start.
 */
export class WorkQueue<K extends string> {
  readonly #clock: Clock
  readonly #observer: WorkQueueObserver | undefined
  readonly #limiter: RateLimiter<K>
  readonly #queued = new Map<K, Queued>()
  readonly #dirty = new Map<K, Wish>()
  readonly #processing = new Map<K, number>()
  readonly #ready = new ReadyLanes<K>()
  readonly #waiters = new Set<(key: K | undefined) => void>()
  #closed: boolean = false

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock
    this.#observer = options.observer
    this.#limiter = new RateLimiter(options.backoff)
  }

  /** Keys that wait, ready or not. */
  get size(): number {
    return this.#queued.size
  }

  add(key: K, priority = 0): void {
    this.addAfter(key, 0, priority)
  }

  addAfter(key: K, delayMs: number, priority = 0): void {
    if (this.#closed) return
    this.#observer?.added()
    const wish = { dueAt: this.#clock.monotonic() + Math.max(0, delayMs), priority }
    if (this.#processing.has(key)) this.#dirty.set(key, merge(this.#dirty.get(key), wish))
    else this.#place(key, wish)
  }

  /** Adds a key that failed, after its backoff and not before `atLeastMs`. Returns the delay in milliseconds. */
  retry(key: K, atLeastMs = 0): number {
    const delayMs = Math.max(atLeastMs, this.#limiter.next(key))
    this.#observer?.retried()
    this.addAfter(key, delayMs)
    return delayMs
  }

  /** Ends the backoff of a key: it succeeded, or is not tried again. */
  forget(key: K): void {
    this.#limiter.forget(key)
  }

  /** Failures of the key in a row. */
  failures(key: K): number {
    return this.#limiter.failures(key)
  }

  /** The next key, once there is one; it must be given back with done(). Undefined after shutdown() or when `signal` aborts. */
  get(signal?: AbortSignal): Promise<K | undefined> {
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined)
    const key = this.#take()
    if (key !== undefined) return Promise.resolve(key)
    return new Promise((resolve) => {
      const give = (given: K | undefined) => {
        this.#waiters.delete(give)
        signal?.removeEventListener('abort', giveUp)
        resolve(given)
      }
      const giveUp = () => give(undefined)
      signal?.addEventListener('abort', giveUp)
      this.#waiters.add(give)
    })
  }

  done(key: K): void {
    const since = this.#processing.get(key)
    if (since === undefined) throw new TallymanError('INTERNAL', `${key} is not being processed`)
    this.#processing.delete(key)
    this.#observer?.worked(this.#clock.monotonic() - since)
    const wish = this.#dirty.get(key)
    this.#dirty.delete(key)
    if (wish !== undefined && !this.#closed) this.#place(key, wish)
  }

  /** Drops what is queued and answers everyone who waits, now and later, with undefined. Keys in work can still be done(). */
  shutdown(): void {
    this.#closed = true
    for (const key of [...this.#queued.keys()]) this.#withdraw(key)
    for (const give of [...this.#waiters]) give(undefined)
  }

  /** Ages of the keys in work, in milliseconds. */
  processing(): { key: K; ageMs: number }[] {
    const now = this.#clock.monotonic()
    return [...this.#processing].map(([key, since]) => ({ key, ageMs: now - since }))
  }

  #place(key: K, wish: Wish): void {
    const held = this.#queued.get(key)
    const next = merge(held, wish)
    if (held !== undefined && held.dueAt === next.dueAt && held.priority === next.priority) return
    const readySince = this.#withdraw(key)
    const waitMs = next.dueAt - this.#clock.monotonic()
    if (waitMs > 0) {
      const cancelTimer = this.#clock.schedule(waitMs, () => this.#admit(key, next, undefined))
      this.#queued.set(key, { ...next, cancelTimer })
    } else {
      this.#admit(key, next, readySince)
    }
  }

  #admit(key: K, wish: Wish, readySince: number | undefined): void {
    this.#queued.set(key, { ...wish, cancelTimer: undefined })
    this.#ready.push(key, wish.priority, readySince ?? this.#clock.monotonic())
    this.#tellDepth(wish.priority)
    for (const give of this.#waiters) {
      give(this.#take())
      break
    }
  }

  /** Takes the key out of the queue. Returns since when it was ready, if it was. */
  #withdraw(key: K): number | undefined {
    const held = this.#queued.get(key)
    if (held === undefined) return undefined
    held.cancelTimer?.()
    this.#queued.delete(key)
    const readySince = this.#ready.remove(key, held.priority)
    if (readySince !== undefined) this.#tellDepth(held.priority)
    return readySince
  }

  #take(): K | undefined {
    const taken = this.#ready.take()
    if (taken === undefined) return undefined
    const now = this.#clock.monotonic()
    this.#queued.delete(taken.key)
    this.#processing.set(taken.key, now)
    this.#tellDepth(taken.priority)
    this.#observer?.taken(now - taken.since)
    return taken.key
  }

  #tellDepth(priority: number): void {
    this.#observer?.depth(priority, this.#ready.sizeOf(priority))
  }
}

function merge(held: Wish | undefined, wish: Wish): Wish {
  if (held === undefined) return wish
  return { dueAt: Math.min(held.dueAt, wish.dueAt), priority: Math.max(held.priority, wish.priority) }
}
