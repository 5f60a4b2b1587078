/**
 * Keys that can be worked on now: highest priority first, in a priority first come first served. Every eighth take
 * goes to the lane whose head waits longest, so that a stream of urgent keys cannot starve the others.
 */
export class ReadyLanes<K extends string> {
  static readonly FAIR_EVERY = 8

  /** Maps keep the order of insertion: the first key of a lane is its head. The value is when the key became ready. */
  readonly #lanes = new Map<number, Map<K, number>>()
  #takes = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Keys of one priority. */
  sizeOf(priority: number): number {
    return this.#lanes.get(priority)?.size ?? 0
  }

  /** @param since monotonic milliseconds */
  push(key: K, priority: number, since: number): void {
    const lane = this.#lanes.get(priority) ?? new Map<K, number>()
    this.#lanes.set(priority, lane)
    if (!lane.has(key)) this.#size += 1
    lane.set(key, since)
  }

  /** Returns since when the key was ready, or undefined where it was not in this lane. */
  remove(key: K, priority: number): number | undefined {
    const lane = this.#lanes.get(priority)
    const since = lane?.get(key)
    if (lane === undefined || since === undefined) return undefined
    lane.delete(key)
    this.#size -= 1
    if (lane.size === 0) this.#lanes.delete(priority)
    return since
  }

  take(): { key: K; priority: number; since: number } | undefined {
    if (this.#size === 0) return undefined
    this.#takes += 1
    const priority = this.#takes % ReadyLanes.FAIR_EVERY === 0 ? this.#oldest() : this.#highest()
    for (const [key, since] of this.#lanes.get(priority) ?? []) {
      this.remove(key, priority)
      return { key, priority, since }
    }
    return undefined
  }

  #highest(): number {
    return Math.max(...this.#lanes.keys())
  }

  #oldest(): number {
    let found = this.#highest()
    let oldest = Number.POSITIVE_INFINITY
    for (const [priority, lane] of this.#lanes) {
      for (const since of lane.values()) {
        if (since < oldest) {
          oldest = since
          found = priority
        }
        break
      }
    }
    return found
  }
}
