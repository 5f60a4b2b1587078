import type { Clock } from '#time/clock.ts'
import { cancellation, onAbort } from './abort.ts'
import { LinkedQueue, type Node } from './linked-queue.ts'
import { Pace } from './pace.ts'
import { LANES, type Lane, type RegistryLimits } from './target.ts'

/** A lower lane with work is passed over at most this often in a row. */
const PATIENCE = 8
/** After the registry complained, one slot comes back in this time. */
const RECOVERY_STEP_MS = 1_000

interface Waiter {
  grant(): void
}

/**
 * The gate in front of one origin, shared by all clients of it: how many requests are under way, how many start in a
 * second, who goes first, and whether the registry has asked everybody to wait. On complaint (429, 503) the concurrency
 * is halved, and comes back by one a second while requests succeed.
 */
export class Limiter {
  readonly #clock: Clock
  readonly #lanes = LANES.map(() => ({ queue: new LinkedQueue<Waiter>(), passedOver: 0 }))
  readonly #pace = new Pace()
  #concurrency = 1
  #allowed = 1
  #allowedChangedAt = Number.NEGATIVE_INFINITY
  #active = 0
  #waiting = 0
  #closedUntil = Number.NEGATIVE_INFINITY
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, limits: RegistryLimits) {
    this.#clock = clock
    this.#concurrency = limits.concurrency
    this.#allowed = limits.concurrency
    this.#pace.set(limits.requestsPerSecond)
  }

  get active(): number {
    return this.#active
  }

  get waiting(): number {
    return this.#waiting
  }

  /** How many requests may be under way at the moment. */
  get allowed(): number {
    return this.#allowed
  }

  configure(limits: RegistryLimits): void {
    const unhindered = this.#allowed === this.#concurrency
    this.#concurrency = limits.concurrency
    this.#allowed = unhindered ? limits.concurrency : Math.min(this.#allowed, limits.concurrency)
    this.#pace.set(limits.requestsPerSecond)
    this.#serve()
  }

  /**
   * Takes a slot. Answers undefined where one is free at once, so that the common case costs no promise. Each slot must be
   * given back by `release`. Rejects, without a slot, when the signal aborts.
   */
  acquire(lane: Lane, signal?: AbortSignal): Promise<void> | undefined {
    if (this.#waiting === 0 && this.#active < this.#allowed) {
      const now = this.#clock.monotonic()
      if (now >= this.#closedUntil && this.#pace.waitMs(now) === 0) {
        this.#pace.spend(now)
        this.#active += 1
        return undefined
      }
    }
    return this.#enqueue(lane, signal)
  }

  release(): void {
    this.#active -= 1
    if (this.#waiting > 0) this.#serve()
  }

  /** The registry asked for a pause: nobody starts before it is over, and fewer start after it. */
  pause(ms: number): void {
    const now = this.#clock.monotonic()
    // Requests that were under way together complain together: that is one complaint.
    if (now >= this.#closedUntil) this.#allowed = Math.max(1, Math.floor(this.#allowed / 2))
    this.#allowedChangedAt = Math.max(this.#allowedChangedAt, now + ms)
    this.#closedUntil = Math.max(this.#closedUntil, now + ms)
    if (this.#waiting > 0) this.#serve()
  }

  /** A request was answered without complaint. */
  succeeded(): void {
    if (this.#allowed === this.#concurrency) return
    const now = this.#clock.monotonic()
    if (now - this.#allowedChangedAt < RECOVERY_STEP_MS) return
    this.#allowed += 1
    this.#allowedChangedAt = now
    this.#serve()
  }

  #enqueue(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(cancellation(signal))
        return
      }
      const queue = this.#lanes[LANES.indexOf(lane)]?.queue
      if (queue === undefined) throw new RangeError(`unknown lane ${lane}`)
      let forget: (() => void) | undefined
      const node: Node<Waiter> = queue.push({
        grant: () => {
          forget?.()
          resolve()
        },
      })
      this.#waiting += 1
      if (signal !== undefined) {
        forget = onAbort(signal, () => {
          queue.remove(node)
          this.#waiting -= 1
          reject(cancellation(signal))
        })
      }
      this.#serve()
    })
  }

  #serve(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    while (this.#waiting > 0 && this.#active < this.#allowed) {
      const now = this.#clock.monotonic()
      const wait = Math.max(this.#closedUntil - now, this.#pace.waitMs(now))
      if (wait > 0) {
        this.#cancelTimer = this.#clock.schedule(Math.ceil(wait), () => this.#serve())
        return
      }
      const waiter = this.#next()
      if (waiter === undefined) return
      this.#waiting -= 1
      this.#active += 1
      this.#pace.spend(now)
      waiter.grant()
    }
  }

  /** The first of the highest lane, unless a lower one has been passed over too often. */
  #next(): Waiter | undefined {
    const busy = this.#lanes.filter((lane) => lane.queue.size > 0)
    const chosen = busy.findLast((lane) => lane.passedOver >= PATIENCE) ?? busy[0]
    for (const lane of busy) lane.passedOver = lane === chosen ? 0 : lane.passedOver + 1
    return chosen?.queue.shift()
  }
}
