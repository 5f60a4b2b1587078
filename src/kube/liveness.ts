import type { Clock } from '#time/clock.ts'
import { SILENCE_MS } from './watch-stream.ts'

/** How long after the last sign of life a watch counts as live: its silence limit, and time for a few tries to resume. */
export const SYNC_GRACE_MS = SILENCE_MS + 15_000
/** The same from when its server was found not to be reached: that needs no silence to be noticed. */
export const UNREACHABLE_GRACE_MS = 30_000

/** Whether what a reflector holds may be taken for what the cluster has. */
export class Liveness {
  readonly #clock: Clock
  #hasList = false
  #heardAt = Number.NEGATIVE_INFINITY
  /** When the server was not reached for the first time since then, monotonic ms. */
  #lostAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * A complete list was applied, and the watch that follows it gave a sign of life (it was accepted, or sent a byte)
   * within SYNC_GRACE_MS, and its server is not unreachable for UNREACHABLE_GRACE_MS. False therefore also when it cannot be established
   * again, or when only a list is being tried.
   */
  get isSynced(): boolean {
    const now = this.#clock.monotonic()
    return this.#hasList && now - this.#lostAt <= UNREACHABLE_GRACE_MS && now - this.#heardAt <= SYNC_GRACE_MS
  }

  /** A complete list was applied. */
  listed(): void {
    this.#hasList = true
  }

  /** A sign of life of the watch: it was accepted, or sent a byte. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic()
    this.#lostAt = Number.POSITIVE_INFINITY
  }

  /** The server was not reached. */
  lost(): void {
    this.#lostAt = Math.min(this.#lostAt, this.#clock.monotonic())
  }

  /** What was listed is of a history that was left. */
  startOver(): void {
    this.#hasList = false
  }
}
