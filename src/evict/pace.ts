import { Pace } from '#registry/pace.ts'
import type { Clock } from '#time/clock.ts'

/** At most so many destructive requests in a second, over all repositories that share it. */
export class EvictionPace {
  readonly #clock: Clock
  readonly #pace = new Pace()

  /** @param perSecond absent: no limit but those of the registry */
  constructor(clock: Clock, perSecond?: number) {
    this.#clock = clock
    this.#pace.set(perSecond)
  }

  /** Resolves when the next request is due; rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const now = this.#clock.monotonic()
      const wait = this.#pace.waitMs(now)
      if (wait === 0) return this.#pace.spend(now)
      await this.#clock.sleep(wait, signal)
    }
  }
}
