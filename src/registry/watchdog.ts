import type { Clock } from '#time/clock.ts'

/** Something with time limits. `check` is called a few times a second while it is watched. */
export interface Watched {
  check(now: number): void
}

/**
 * One timer for the time limits of all requests of a process part: a timer per request costs more than the request's
 * hash. Limits are therefore kept to within one tick. The timer stops by itself when nothing is watched.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #watched = new Set<Watched>()
  #running = false

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock
    this.#tickMs = tickMs
  }

  watch(watched: Watched): void {
    this.#watched.add(watched)
    if (this.#running) return
    this.#running = true
    this.#schedule()
  }

  forget(watched: Watched): void {
    this.#watched.delete(watched)
  }

  #schedule(): void {
    this.#clock.schedule(this.#tickMs, () => {
      if (this.#watched.size === 0) {
        this.#running = false
        return
      }
      const now = this.#clock.monotonic()
      for (const watched of this.#watched) watched.check(now)
      this.#schedule()
    })
  }
}
