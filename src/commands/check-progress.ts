import { counted } from '#catalogue/counted.ts'
import type { LapProgress } from '#scan/lap-input.ts'

/** How far a check is, as a line for a terminal. */
export class CheckProgress implements LapProgress {
  requests = 0
  readonly #host: string
  /** false: images are found while others are looked at already. */
  readonly #isTotalKnown: boolean
  #found = 0
  #looked = 0

  constructor(host: string, isTotalKnown: boolean) {
    this.#host = host
    this.#isTotalKnown = isTotalKnown
  }

  found(images: number): void {
    this.#found += images
  }

  looked(): void {
    this.#looked += 1
  }

  get line(): string {
    const total = `${counted(this.#found, 'image')}${this.#isTotalKnown ? '' : ' found'}`
    const images = this.#found === 0 ? '' : `${this.#looked} of ${total}, `
    return `${this.#host}: ${images}${counted(this.requests, 'request')} answered so far`
  }
}
