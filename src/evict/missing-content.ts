import { asTallymanError, type TallymanError } from '#catalogue/error.ts'
import type { Manifest, RegistryClient } from '#registry/client.ts'
import { parseManifest } from '#registry/manifest.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import type { Journal, SavedManifest } from './journal.ts'
import { journalState, savedManifests } from './journal-state.ts'
import type { TrashCopy } from './trash-copies.ts'
import { trashTag } from './trash-place.ts'
import { blobsOf, childrenOf, isMissing } from './wholeness.ts'

/** What it takes to look whether something could be brought back. */
export interface Lookout {
  readonly client: RegistryClient
  readonly repository: string
  /** Of the run that took it. */
  readonly journal: Journal
  readonly signal: AbortSignal
}

/**
 * Looks for all that `restore` would need of a manifest: what is in the journal, in its repository or, where the journal knows of a copy, in the trash. It only reads.
 * @returns what is missing or damaged; undefined: nothing is, and it can be brought back
 * @throws JOURNAL_INVALID, REGISTRY_*, CANCELLED
 */
export async function missingContent(lookout: Lookout, digest: string): Promise<TallymanError | undefined> {
  const { journal } = lookout
  const { saved, trashed } = await journalState(journal)
  const below = new Set([digest])
  for (const each of below) for (const child of saved.get(each)?.children ?? []) below.add(child)
  try {
    await new Looking(lookout, await savedManifests(journal, below), trashed).manifest(digest, undefined, 0)
    return undefined
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (isMissing(error)) return error
    throw error
  }
}

class Looking {
  readonly #lookout: Lookout
  readonly #saved: ReadonlyMap<string, SavedManifest>
  readonly #trashed: ReadonlyMap<string, TrashCopy>

  constructor(
    lookout: Lookout,
    saved: ReadonlyMap<string, SavedManifest>,
    trashed: ReadonlyMap<string, TrashCopy>,
  ) {
    this.#lookout = lookout
    this.#saved = saved
    this.#trashed = trashed
  }

  /** @param above the repository of the trash that holds what contains it, and so holds this too */
  async manifest(digest: string, above: string | undefined, depth: number): Promise<void> {
    const { client, repository, signal } = this.#lookout
    const trash = this.#trashed.get(digest)?.repository ?? above
    const manifest = await this.#read(digest, trash)
    if (depth < MAX_NESTING) {
      for (const child of childrenOf(manifest)) await this.manifest(child, trash, depth + 1)
    }
    for (const blob of blobsOf(manifest)) {
      await either(repository, trash, (place) => client.probeBlob(place, blob, { signal }))
    }
  }

  async #read(digest: string, trash: string | undefined): Promise<Manifest> {
    const { client, repository, signal } = this.#lookout
    const saved = this.#saved.get(digest)
    if (saved !== undefined) {
      return parseManifest(saved.bytes, digest, saved.mediaType, `${repository} ${digest}`)
    }
    return await either(repository, trash, (place) =>
      client.getManifest(place, place === trash ? trashTag(digest) : digest, { signal }),
    )
  }
}

/** @throws what the last of them says where none has it */
async function either<T>(
  repository: string,
  trash: string | undefined,
  look: (place: string) => Promise<T>,
): Promise<T> {
  try {
    return await look(repository)
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (trash === undefined || !isMissing(error)) throw error
    return await look(trash)
  }
}
