import type { UsageRow } from '#inventory/aggregate.ts'
import { SeenImages, type Sighting } from '#inventory/seen-images.ts'

const INITIAL_IDS = 64
const GROWTH = 1.25

/**
 * What appeared since it was taken last, also what is gone again. Of a usage that is still held, one byte says so; only
 * one that goes before it was taken is written down, so that what nobody takes grows with distinct images alone.
 */
export class SeenJournal {
  /** Of each usage, 1: it appeared, and was not taken yet. */
  #isNew = new Uint8Array(INITIAL_IDS)
  #newCount = 0
  /** Where the next part begins. */
  #next = 0
  #seen = new SeenImages()

  /** The usage with this id is held from now on. */
  appeared(id: number): void {
    if (id >= this.#isNew.length) {
      const longer = new Uint8Array(Math.ceil((id + 1) * GROWTH))
      longer.set(this.#isNew)
      this.#isNew = longer
    }
    this.#isNew[id] = 1
    this.#newCount += 1
  }

  /** The usage goes. @param read called where nobody has taken it */
  vanishes(id: number, read: (id: number) => UsageRow): void {
    if (this.#isNew[id] !== 1) return
    this.#isNew[id] = 0
    this.#newCount -= 1
    this.#seen.add(read(id))
  }

  /** Usages that are held, and were not taken yet. */
  get left(): number {
    return this.#newCount
  }

  /**
   * Everything that appeared since the last call, once for each image: what is gone again, and of what is still held as
   * much as `most` says, the rest at the next calls.
   * @param most containers, and those of the last usage: a node may have fifty images
   * @param read tells of what is still held
   */
  take(read: (id: number) => UsageRow, most = Number.POSITIVE_INFINITY): Sighting[] {
    const seen = this.#seen
    this.#seen = new SeenImages()
    for (let taken = 0; this.#newCount > 0 && taken < most; this.#next += 1) {
      if (this.#next === this.#isNew.length) this.#next = 0
      const id = this.#next
      if (this.#isNew[id] !== 1) continue
      this.#isNew[id] = 0
      this.#newCount -= 1
      const row = read(id)
      taken += row.containers.length
      seen.add(row)
    }
    return seen.list
  }
}
