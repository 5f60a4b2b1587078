/** From one object no more texts are taken. */
export const MAX_TEXTS = 10_000
/** One more than the longest text that can be a reference (reference.ts): what is cut here is none, and is reported as such. */
export const MAX_TEXT_LENGTH = 1025

export interface FoundImages {
  /** Distinct, as written, in the order in which they were found. */
  readonly images: readonly string[]
  /** There may be more: a bound was reached, so the source of the object is not complete. */
  readonly truncated: boolean
}

/** Image texts of one object, bounded in number and length. Empty ones name nothing and are left out. */
export class ImageTexts {
  readonly #texts = new Set<string>()
  #truncated = false

  get found(): FoundImages {
    return { images: [...this.#texts], truncated: this.#truncated }
  }

  get truncated(): boolean {
    return this.#truncated
  }

  add(text: string): void {
    if (text === '') return
    const bounded = text.slice(0, MAX_TEXT_LENGTH)
    if (this.#texts.size < MAX_TEXTS) this.#texts.add(bounded)
    else if (!this.#texts.has(bounded)) this.#truncated = true
  }

  /** Something was not looked at. */
  markTruncated(): void {
    this.#truncated = true
  }
}
