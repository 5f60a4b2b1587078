import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'

/** One run of a reconciliation: its abort signal, and what must be let finish whatever happens. */
export class Attempt {
  readonly #controller = new AbortController()
  readonly #clock: Clock
  readonly #startedAt: number
  #shielded = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get ageMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }

  /** True while something runs that must not be cut off. */
  get shielded(): boolean {
    return this.#shielded > 0
  }

  /** Why the signal was aborted, if it was. */
  get stoppedBy(): TallymanError | undefined {
    return this.signal.aborted ? asTallymanError(this.signal.reason) : undefined
  }

  stop(reason: TallymanError): void {
    this.#controller.abort(reason)
  }

  /**
   * Runs `work` to its end: a manifest DELETE that is cut off leaves a registry inconsistent (S16). `work` must not be
   * given the signal. While it runs, a lost lease does not end the process.
   */
  async shield<T>(work: () => Promise<T>): Promise<T> {
    this.#shielded += 1
    try {
      return await work()
    } finally {
      this.#shielded -= 1
    }
  }
}
