import { counted } from '#catalogue/counted.ts'
import { countedRepositories } from '#commands/listing-progress.ts'
import type { ReadingProgress } from '#scan/registry-reader.ts'

/** How far the reading of a registry is, as a line for a terminal. */
export class PlanProgress implements ReadingProgress {
  readonly #host: string
  #repositories = 0
  #tags = 0

  constructor(host: string) {
    this.#host = host
  }

  repository(): void {
    this.#repositories += 1
  }

  tag(): void {
    this.#tags += 1
  }

  get line(): string {
    return `${this.#host}: ${countedRepositories(this.#repositories)}, ${counted(this.#tags, 'tag')} read so far`
  }
}
