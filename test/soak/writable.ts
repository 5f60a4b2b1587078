/** Who could not write tries again after as long as it did not get through, at the most this long. */
const LONGEST_PAUSE_MS = 36_000
const LEAST_PAUSE_MS = 3_000

/**
 * Since when the ledger could be written: the cluster that it lies in answers, a watcher leads and has read it. What disturbs that may
 * overlap. Moments are machineTime.
 */
export class Writable {
  #disturbances = 0
  #hurtAt: number
  #settledAt: number | undefined

  constructor(now: number) {
    this.#hurtAt = now
    this.#settledAt = now
  }

  /** At the latest since then; undefined: it can't be written. */
  get settledAt(): number | undefined {
    return this.#disturbances > 0 ? undefined : this.#settledAt
  }

  /** @returns what ends the disturbance; a second call does nothing */
  disturb(now: number): (now: number) => void {
    const isSettled = this.#disturbances === 0 && now > (this.#settledAt ?? now)
    if (isSettled) this.#hurtAt = now
    this.#disturbances += 1
    let isOver = false
    return (end) => {
      if (isOver) return
      isOver = true
      this.#disturbances -= 1
      const pause = Math.max(LEAST_PAUSE_MS, (end - this.#hurtAt) * 1.3)
      this.#settledAt = end + Math.min(LONGEST_PAUSE_MS, pause)
    }
  }
}
