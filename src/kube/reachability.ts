import type { Clock } from '#time/clock.ts'

/** A shorter time without an answer is no outage: who waits until it may try again goes on waiting. */
export const OUTAGE_MS = 5_000

/** Whether a server answers, as those learn who send it requests; tells whoever waits for it that it is back. */
export class Reachability {
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  /** When the first request since the last answer failed, monotonic ms. */
  #lostAt: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request had no answer: no connection, or none in time. */
  failed(): void {
    this.#lostAt ??= this.#clock.monotonic()
  }

  answered(): void {
    const lostAt = this.#lostAt
    this.#lostAt = undefined
    if (lostAt === undefined || this.#clock.monotonic() - lostAt < OUTAGE_MS) return
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls `listener` at the first answer after an outage. The returned function ends that. */
  onBack(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
