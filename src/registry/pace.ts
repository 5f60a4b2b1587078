/** The share of a second's requests that may go out at once after a pause. */
const BURST_SECONDS = 0.1

/**
 * Requests per second as a generic cell rate algorithm (ITU-T I.371): one number says when the next request is due, and
 * a request may come early by the burst. In any time t at most `rate * t + burst` requests pass.
 */
export class Pace {
  #intervalMs = 0
  #toleranceMs = 0
  #dueAt = Number.NEGATIVE_INFINITY

  /** @param perSecond requests per second; undefined: unlimited */
  set(perSecond: number | undefined): void {
    if (perSecond === undefined) {
      this.#intervalMs = 0
      return
    }
    this.#intervalMs = 1000 / perSecond
    const burst = Math.max(1, Math.ceil(perSecond * BURST_SECONDS))
    this.#toleranceMs = (burst - 1) * this.#intervalMs
  }

  /** Milliseconds until a request may go out; 0: now. */
  waitMs(now: number): number {
    if (this.#intervalMs === 0) return 0
    return Math.max(0, this.#dueAt - this.#toleranceMs - now)
  }

  /** A request goes out. */
  spend(now: number): void {
    if (this.#intervalMs > 0) this.#dueAt = Math.max(now, this.#dueAt) + this.#intervalMs
  }
}
