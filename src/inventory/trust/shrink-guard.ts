/** The most images a cluster had, as what it has now is measured against. */
export interface Baseline {
  readonly images: number
  /** Watched time when it was set, ms. */
  readonly watched: number
}

/** A set that shrinks slowly is life: after this long, watched and unshrunk, the baseline follows it down. */
const FOLLOWS_AFTER_MS = 7 * 24 * 3_600_000

/**
 * Notices that a cluster shows far less than it did (S05): rebuilt empty, or a proxy that answers with less. It compares live images,
 * never remembered ones. While it trips nothing moves: only a human's word sets the baseline down.
 */
export class ShrinkGuard {
  #baseline: Baseline | undefined

  constructor(baseline?: Baseline) {
    this.#baseline = baseline
  }

  get baseline(): Baseline | undefined {
    return this.#baseline
  }

  /** Fewer than `maxShrinkPercent` allows are left. */
  isShrunk(images: number, maxShrinkPercent: number): boolean {
    const before = this.#baseline?.images ?? 0
    return images < before * (1 - maxShrinkPercent / 100)
  }

  /** To be called while the list is complete. True: the baseline changed. */
  see(images: number, watched: number, maxShrinkPercent: number): boolean {
    if (this.isShrunk(images, maxShrinkPercent)) return false
    const { images: most = 0, watched: since = 0 } = this.#baseline ?? {}
    if (this.#baseline !== undefined && images <= most && watched - since < FOLLOWS_AFTER_MS) return false
    this.#baseline = { images, watched }
    return true
  }

  /** A human accepts what is there now. */
  accept(images: number, watched: number): void {
    this.#baseline = { images, watched }
  }
}
