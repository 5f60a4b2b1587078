import { type Clock, systemClock } from '#time/clock.ts'

/** The clock of the machine, but that a test may let time pass at once. Sleeps and timers take the time that they take. */
export class LeapingClock implements Clock {
  #ahead = 0
  #set = 0

  now(): number {
    return systemClock.now() + this.#ahead + this.#set
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#ahead
  }

  schedule(ms: number, callback: () => void): () => void {
    return systemClock.schedule(ms, callback)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal)
  }

  leap(ms: number): void {
    this.#ahead += ms
  }

  /** Moves only the wall clock: somebody set it, or the machine slept while the other clock stood. */
  jump(ms: number): void {
    this.#set += ms
  }
}
