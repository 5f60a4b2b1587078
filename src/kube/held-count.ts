/** How many objects were held at any moment since it was made, at least and at most. */
export interface HeldCount {
  readonly least: number
  readonly most: number
}

/** Follows the number of objects for those who want to hold it against another count. */
export class HeldCounts {
  readonly #followed = new Set<{ least: number; most: number }>()

  /** @param objects held now @returns what it is until `end` is called */
  follow(objects: number): HeldCount & { end(): void } {
    const count = { least: objects, most: objects, end: () => void this.#followed.delete(count) }
    this.#followed.add(count)
    return count
  }

  note(objects: number): void {
    for (const count of this.#followed) {
      count.least = Math.min(count.least, objects)
      count.most = Math.max(count.most, objects)
    }
  }
}
