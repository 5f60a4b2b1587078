import type { Clock } from '#time/clock.ts'

interface Timer {
  readonly due: number
  readonly callback: () => void
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #wall: number
  #monotonic = 0
  readonly #timers = new Set<Timer>()

  /** @param start wall-clock time in milliseconds since the epoch */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#wall = start
  }

  now(): number {
    return this.#wall
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** Timers and sleeps that are still waiting. */
  get pending(): number {
    return this.#timers.size
  }

  schedule(ms: number, callback: () => void): () => void {
    const timer = { due: this.#monotonic + Math.max(0, ms), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = this.schedule(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /**
   * Moves both clocks by `ms` and fires what falls due on the way, in order of time and then of scheduling. What a
   * timer sets off runs before the next one fires; timers that it schedules within the span fire too.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#monotonic + ms
    await settle()
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#timers.delete(next)
      this.#moveTo(next.due)
      next.callback()
      await settle()
    }
    this.#moveTo(target)
  }

  /** Moves only the wall clock, forward or back: somebody set it, or the machine slept while the other clock stood. */
  jump(ms: number): void {
    this.#wall += ms
  }

  #next(target: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.due <= target && (next === undefined || timer.due < next.due)) next = timer
    }
    return next
  }

  #moveTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic
    this.#monotonic = monotonic
  }
}

/** One turn of the event loop: every promise that could settle without time or I/O has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
