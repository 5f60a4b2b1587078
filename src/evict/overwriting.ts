import type { Binding, Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import type { SavedManifest } from './journal.ts'
import { overwriteBatch } from './overwrite.ts'

/** How much one placeholder may stand in for. */
export interface MostAtOnce {
  /** Tags. */
  readonly tags: number
  /** Of their manifests: what waits is held in memory, by whoever settles a dead process too. */
  readonly bytes: number
}

/**
 * Tags of one repository that go under placeholders. Each DELETE of one takes as long as the repository has tags, so that a batch is filled up from what is read next where its 3 seconds
 * were over before.
 */
export class Overwriting {
  readonly #hands: Hands
  readonly #eviction: Eviction
  readonly #most: MostAtOnce
  readonly #gone: (binding: Binding) => void
  #waiting: readonly Binding[] = []
  /** Of those that wait, by digest. */
  readonly #manifests = new Map<string, SavedManifest>()
  /** Those of them that are not in the journal yet. */
  readonly #unsaved = new Map<string, SavedManifest>()
  /** So many went in the last 3 seconds, or twice as many. */
  #size: number

  /** @param gone told of each tag as soon as it is gone (S04) */
  constructor(hands: Hands, eviction: Eviction, most: MostAtOnce, gone: (binding: Binding) => void) {
    this.#hands = hands
    this.#eviction = eviction
    this.#most = most
    this.#gone = gone
    this.#size = most.tags
  }

  /**
   * Lets go of them but for less than a batch, which waits for more.
   * @param manifests of the bindings, by digest
   * @throws what `overwriteBatch` throws
   */
  async add(bindings: readonly Binding[], manifests: ReadonlyMap<string, SavedManifest>): Promise<void> {
    this.#waiting = [...this.#waiting, ...bindings]
    for (const [digest, manifest] of manifests) {
      if (!this.#manifests.has(digest)) this.#unsaved.set(digest, manifest)
      this.#manifests.set(digest, manifest)
    }
    while (this.#waiting.length >= this.#size || this.#isLarge()) await this.#next()
  }

  /** Lets go of those that wait. @throws what `overwriteBatch` throws */
  async finish(): Promise<void> {
    while (this.#waiting.length > 0) await this.#next()
  }

  #isLarge(): boolean {
    let bytes = 0
    for (const manifest of this.#manifests.values()) bytes += manifest.bytes.byteLength
    return bytes >= this.#most.bytes
  }

  async #next(): Promise<void> {
    const bindings = this.#waiting.slice(0, this.#size)
    const unsaved = [...this.#unsaved.values()]
    const batch = { bindings, manifests: this.#manifests, unsaved, gone: this.#gone }
    const over = await overwriteBatch(this.#hands, this.#eviction, batch)
    this.#unsaved.clear()
    this.#waiting = this.#waiting.slice(over)
    this.#size = over < bindings.length ? over : Math.min(this.#most.tags, this.#size * 2)
    const needed = new Set(this.#waiting.map(({ digest }) => digest))
    for (const digest of this.#manifests.keys()) if (!needed.has(digest)) this.#manifests.delete(digest)
  }
}
