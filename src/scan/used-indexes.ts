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

/** After so many manifests, most of them known, others have their turn in the event loop. */
const STEP = 512

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
  readonly #seen = new SeenManifests()

  /** @throws REGISTRY_*, CANCELLED where the registry does not say */
  async holders(question: UsedIndexesQuestion): Promise<HeldImages> {
    const { client, clock, signal, concurrency } = question
    const reader = new IndexReader({ seen: this.#seen, client, clock, signal })
    const holders = new Map<string, RegistryImage[]>()
    let damaged: TallymanError | undefined
    let asked = 0
    try {
      await sideBySide(unknownOf(question), concurrency, async (manifest) => {
        asked += 1
        if (asked % STEP === 0) await setImmediate()
        const contents = await reader.contentsOf(manifest)
        if (contents instanceof TallymanError) damaged ??= contents
        else addHolder(holders, manifest, contents)
      })
    } finally {
      reader.end()
    }
    return { holders, damaged, askAgainAt: reader.askAgainAt }
  }
}

function* unknownOf({ repositories, used, known }: UsedIndexesQuestion): Generator<PlacedManifest> {
  for (const repository of new Set(repositories)) {
    for (const digest of used.digests(repository)) if (!known.has(digest)) yield { repository, digest }
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
