import type { Ended } from '#evict/eviction.ts'

/** Something that was to go and did not. */
export interface LeftOver extends Ended {
  readonly repository: string
}

/** What became of what was to go. */
export class RemovalTally {
  tags = 0
  digests = 0
  readonly left: LeftOver[] = []
  readonly #over = new Set<string>()

  add(repository: string, ended: Ended): void {
    const { tag, digest, outcome } = ended
    if (tag === undefined) this.#over.add(`${repository}@${digest}`)
    switch (outcome) {
      case 'untagged':
        this.tags += 1
        break
      case 'swept':
        this.digests += 1
        break
      case 'gone':
        break
      default:
        this.left.push({ repository, ...ended })
    }
  }

  /** Whether it is known what became of a manifest. */
  hasEnded(repository: string, digest: string): boolean {
    return this.#over.has(`${repository}@${digest}`)
  }
}
