import { setImmediate } from 'node:timers/promises'
import { TallymanError } from '#catalogue/error.ts'
import type { Holders } from '#inventory/held-images.ts'
import type { RegistryImage } from '#inventory/usage-lookup.ts'
import type { RegistryClient } from '#registry/client.ts'
import { IndexReader, type PlacedManifest } from '#scan/index-reader.ts'
import type { LookOptions } from '#scan/look.ts'
import { SeenManifests } from '#scan/seen-manifests.ts'
import { sideBySide } from '#scan/side-by-side.ts'
import type { UsedImages } from '#scan/used-images.ts'

/** Contents that are looked through in one turn of the event loop, by all workers together: most are known, and take microseconds. */
const STEP = 4_096

export interface UsedIndexesQuestion extends LookOptions {
  readonly repositories: Iterable<string>
  readonly used: Pick<UsedImages, 'digests'>
  /** Digests of which is known what they contain: they are not read. */
  readonly known: { has(digest: string): boolean }
  /** Only asked for where something has to be read. */
  readonly client: () => Promise<RegistryClient>
  /** Of requests. */
  readonly concurrency: number
}

export interface HeldImages {
  readonly holders: Holders
  /** Why one of the indexes is not among them: what it contains may be in use. */
  readonly damaged: TallymanError | undefined
  /** When to ask again although nothing came into use, monotonic ms: something was not there, or damaged. undefined: need not. */
  readonly askAgainAt: number | undefined
}

/** What indexes contain that are in use, and that no plan has read (S35). What a digest contains never changes, so each is read once. */
export class UsedIndexes {
  readonly #seen: SeenManifests

  constructor(seen = new SeenManifests()) {
    this.#seen = seen
  }

  /** @throws REGISTRY_*, CANCELLED where the registry does not say */
  async holders(question: UsedIndexesQuestion): Promise<HeldImages> {
    const { client, clock, signal, concurrency } = question
    const reader = new IndexReader({ seen: this.#seen, client, clock, signal })
    const holders = new Map<string, RegistryImage[]>()
    let damaged: TallymanError | undefined
    const turns = new SharedTurns()
    try {
      await sideBySide(unknownOf(question, turns), concurrency, async (manifest) => {
        await turns.mine
        const contents = await reader.contentsOf(manifest)
        if (contents instanceof TallymanError) {
          damaged ??= contents
          return
        }
        addHolder(holders, manifest, contents)
        turns.did(contents.size)
      })
    } finally {
      reader.end()
    }
    return { holders, damaged, askAgainAt: reader.askAgainAt }
  }
}

/** Turns of the event loop for workers side by side: where one's is over, all of them wait. */
class SharedTurns {
  #done = 0
  #turn: Promise<void> | undefined

  /** Resolves when it goes on. */
  get mine(): Promise<void> | undefined {
    return this.#turn
  }

  did(pieces: number): void {
    this.#done += pieces
    if (this.#done < STEP || this.#turn !== undefined) return
    this.#done = 0
    this.#turn = setImmediate().then(() => {
      this.#turn = undefined
    })
  }
}

async function* unknownOf(
  { repositories, used, known }: UsedIndexesQuestion,
  turns: SharedTurns,
): AsyncGenerator<PlacedManifest, void, void> {
  for (const repository of new Set(repositories)) {
    for (const digest of used.digests(repository)) {
      turns.did(1)
      if (turns.mine !== undefined) await turns.mine
      if (!known.has(digest)) yield { repository, digest }
    }
  }
}

function addHolder(
  holders: Map<string, RegistryImage[]>,
  holder: PlacedManifest,
  contents: Iterable<string>,
): void {
  for (const digest of contents) {
    const above = holders.get(digest) ?? []
    holders.set(digest, above)
    above.push(holder)
  }
}
