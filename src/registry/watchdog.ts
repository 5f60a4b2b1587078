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
  #cancel: (() => void) | undefined

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock
    this.#tickMs = tickMs
  }

  watch(watched: Watched): void {
    this.#watched.add(watched)
    if (this.#cancel === undefined) this.#schedule()
  }

  forget(watched: Watched): void {
    this.#watched.delete(watched)
  }

  /** Stops the timer at once where nothing is watched: a process that has ended its work would wait for it. */
  rest(): void {
    if (this.#watched.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  #schedule(): void {
    this.#cancel = this.#clock.schedule(this.#tickMs, () => {
      if (this.#watched.size === 0) {
        this.#cancel = undefined
        return
      }
      const now = this.#clock.monotonic()
      for (const watched of this.#watched) watched.check(now)
      this.#schedule()
    })
  }
}
