/** A moment on both clocks of this process, in milliseconds. */
export interface Moment {
  readonly wall: number
  readonly monotonic: number
}

/** What survives a restart. */
export interface WatchedRecord {
  /** How long the cluster was watched in all, ms. Ages of what is remembered are measured with it. */
  readonly watchedMs: number
  /** How much of that without a gap up to now, ms. */
  readonly coveredMs: number
  /** When it was watched last, ms since the epoch. */
  readonly watchedUntil: number
}

/**
 * The longest interruption over which coverage goes on. A restart takes less; an image that is used for less than this, and
 * only while nobody watches, is what coverage does not promise.
 */
export const LONGEST_GAP_MS = 10 * 60_000

/**
 * For how long a cluster has been watched (S02): in all, and without a gap. Time counts only while the cluster is synced, so what is
 * remembered does not age while nobody looks. Measured on the monotonic clock; wherever the wall clock disagrees by more than a
 * gap (it was set, or the machine slept), coverage starts anew.
 */
export class WatchedTime {
  #watchedMs: number
  #coveredMs: number
  #watchedUntil: number
  #last: (Moment & { readonly synced: boolean }) | undefined
  #awayMs = 0

  constructor(record: WatchedRecord = { watchedMs: 0, coveredMs: 0, watchedUntil: 0 }) {
    this.#watchedMs = record.watchedMs
    this.#coveredMs = record.coveredMs
    this.#watchedUntil = record.watchedUntil
  }

  get watchedMs(): number {
    return this.#watchedMs
  }

  get coveredMs(): number {
    return this.#coveredMs
  }

  get record(): WatchedRecord {
    return { watchedMs: this.#watchedMs, coveredMs: this.#coveredMs, watchedUntil: this.#watchedUntil }
  }

  /** To be called whenever `synced` changes, and at least every few seconds. The time since the last call counts as that call said. */
  tick(synced: boolean, now: Moment): void {
    const last = this.#last
    if (last === undefined) this.#resume(now)
    else this.#pass(last, now)
    if (this.#awayMs > LONGEST_GAP_MS) this.#coveredMs = 0
    if (synced) {
      this.#awayMs = 0
      this.#watchedUntil = now.wall
    }
    this.#last = { ...now, synced }
  }

  /** What was watched before is not the same cluster's, or is known to be incomplete: coverage starts anew. */
  restartCoverage(): void {
    this.#coveredMs = 0
  }

  /** The first call after a start: the time since the record was written was not watched. */
  #resume(now: Moment): void {
    this.#awayMs = Math.abs(now.wall - this.#watchedUntil)
  }

  #pass(last: Moment & { readonly synced: boolean }, now: Moment): void {
    const passed = Math.max(0, now.monotonic - last.monotonic)
    const jumped = Math.abs(now.wall - last.wall - passed)
    if (last.synced) {
      this.#watchedMs += passed
      this.#coveredMs += passed
    } else this.#awayMs += passed
    this.#awayMs += jumped > LONGEST_GAP_MS ? jumped : 0
  }
}
