import { type BackoffPolicy, backoffDelay, jittered } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

/** How often the cluster is asked while nothing gives cause. */
const EVERY_MS = 60_000
/** Restarts of several watches at once are one cause. */
const SOON_MS = 200
const RETRY: BackoffPolicy = { initial: 800, max: 30_000, factor: 2, jitter: 0.5 }

/** Asks a cluster who it is: at once, again once a minute, and soon after there is cause. */
export class IdentityInquiry {
  readonly #ask: () => Promise<boolean>
  readonly #clock: Clock
  /** Aborted when there is cause to ask again, also while an answer is waited for. */
  #cause = new AbortController()

  /** @param ask says whether there was an answer; must not reject */
  constructor(ask: () => Promise<boolean>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  /** Resolves when `signal` aborts and the last question has ended. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      this.#cause = new AbortController()
      failures = (await this.#ask()) ? 0 : failures + 1
      await this.#pause(failures === 0 ? jittered(EVERY_MS, 0.1) : backoffDelay(RETRY, failures - 1), signal)
    }
  }

  askSoon(): void {
    this.#cause.abort()
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { signal: cause } = this.#cause
    await this.#sleep(ms, AbortSignal.any([signal, cause]))
    if (cause.aborted) await this.#sleep(SOON_MS, signal)
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
