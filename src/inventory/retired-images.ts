/** More than these are not told apart: who looks so seldom has to look at everything. */
const MAX_RETIRED = 1_000

/** The images that went out of use last, for any number of readers, each of which remembers how many there were when it looked. */
export class RetiredImages {
  readonly #last: string[] = []
  #count = 0

  /** How many there were so far. */
  get count(): number {
    return this.#count
  }

  add(image: string): void {
    this.#last[this.#count % MAX_RETIRED] = image
    this.#count += 1
  }

  /** Those that went since there were `count`; undefined: too many to know. An image may be among them more than once, and be back. */
  since(count: number): string[] | undefined {
    const wanted = this.#count - count
    if (wanted < 0 || wanted > MAX_RETIRED) return undefined
    return Array.from({ length: wanted }, (_, n) => this.#last[(count + n) % MAX_RETIRED] ?? '')
  }
}
