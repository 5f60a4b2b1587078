/** Chance by a seed: the same seed draws the same. */
export class Dice {
  readonly #random: () => number

  /** @param random in [0, 1) */
  constructor(random: () => number) {
    this.#random = random
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)]
    if (item === undefined) throw new Error('there is nothing to draw from')
    return item
  }
}
