import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { BlobRef, Manifest } from '#registry/client.ts'
import { parseManifest } from '#registry/manifest.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import { calls, type Reach } from './hands.ts'
import type { SavedManifest } from './journal.ts'
import { journalState, savedManifests } from './journal-state.ts'
import { headDigest } from './tags.ts'
import type { TrashCopy } from './trash-copies.ts'
import { trashTag } from './trash-place.ts'
import { blobsOf, childrenOf, isMissing, Wholeness } from './wholeness.ts'

/** `Taken`: the tag names something else by now, and keeps it. */
export type Restored = 'Restored' | 'Taken'

/**
 * Brings back a tag, or a manifest, that a run took away: the children first, then the manifest with exactly the bytes that it had, then the tag.
 * What the registry does not have there any more comes out of the trash, if the journal knows of a copy. It counts only when all of it was
 * read again: manifests with their bytes, blobs by their last.
 * @param wanted the digest that it had; with a tag: which names nothing, or this already
 * @throws RESTORE_CONTENT_GONE the registry has removed some of it, or the journal does not know it; REGISTRY_*
 */
export async function restore(
  reach: Reach,
  { tag, digest }: { readonly tag?: string | undefined; readonly digest: string },
): Promise<Restored> {
  const isTaken = (named: string | undefined) => named !== undefined && named !== digest
  if (tag !== undefined && isTaken(await headDigest(reach, tag))) return 'Taken'
  const { saved, trashed } = await journalState(reach.journal)
  const below = new Set([digest])
  for (const each of below) for (const child of saved.get(each)?.children ?? []) below.add(child)
  const work = new Restoring(reach, await savedManifests(reach.journal, below), trashed)
  const manifest = await work.manifest(digest, undefined, 0)
  if (tag !== undefined) {
    // That took a while, and a registry knows no "if it names nothing still": this is the last look before it is written.
    const named = await headDigest(reach, tag)
    if (isTaken(named)) return 'Taken'
    if (named === undefined) await reach.push.putManifest(reach.repository, tag, manifest, calls(reach).write)
  }
  await verify(reach, tag, digest)
  await reach.journal.append([{ kind: 'restored', at: reach.clock.now(), tag, digest }])
  return 'Restored'
}

class Restoring {
  readonly #reach: Reach
  readonly #saved: ReadonlyMap<string, SavedManifest>
  readonly #trashed: ReadonlyMap<string, TrashCopy>

  constructor(
    reach: Reach,
    saved: ReadonlyMap<string, SavedManifest>,
    trashed: ReadonlyMap<string, TrashCopy>,
  ) {
    this.#reach = reach
    this.#saved = saved
    this.#trashed = trashed
  }

  /**
   * Writes a manifest again where it is not there, after all that it names.
   * @param above the repository of the trash that holds what contains it, and so holds this too
   */
  async manifest(digest: string, above: string | undefined, depth: number): Promise<Manifest> {
    const { repository, push } = this.#reach
    const trash = this.#trashed.get(digest)?.repository ?? above
    const manifest = await this.#read(digest, trash)
    if (depth < MAX_NESTING) {
      for (const child of childrenOf(manifest)) await this.manifest(child, trash, depth + 1)
    }
    for (const blob of blobsOf(manifest)) await this.#blob(blob, trash)
    if ((await headDigest(this.#reach, digest)) === undefined) {
      await push.putManifest(repository, digest, manifest, calls(this.#reach).write)
    }
    return manifest
  }

  async #read(digest: string, trash: string | undefined): Promise<Manifest> {
    const { repository, pull } = this.#reach
    const { read } = calls(this.#reach)
    const saved = this.#saved.get(digest)
    if (saved !== undefined) {
      return parseManifest(saved.bytes, digest, saved.mediaType, `${repository} ${digest}`)
    }
    return await whole(
      digest,
      () => pull.getManifest(repository, digest, read),
      trash === undefined ? undefined : () => pull.getManifest(trash, trashTag(digest), read),
    )
  }

  /** Out of the trash it is mounted, or its bytes are sent where the registry does not mount. */
  async #blob(blob: BlobRef, trash: string | undefined): Promise<void> {
    const { repository, pull, push } = this.#reach
    const { read, write } = calls(this.#reach)
    const mount = (from: string) => () =>
      push.uploadBlob(repository, blob, () => pull.readBlob(from, blob, read), { ...write, mountFrom: from })
    await whole(
      blob.digest,
      () => pull.probeBlob(repository, blob, read),
      trash === undefined ? undefined : mount(trash),
    )
  }
}

/** Reads everything again, as somebody who pulls would. @throws RESTORE_CONTENT_GONE */
async function verify(reach: Reach, tag: string | undefined, digest: string): Promise<void> {
  const { repository } = reach
  if (tag !== undefined && (await headDigest(reach, tag)) !== digest) {
    throw new TallymanError('DELETE_UNSETTLED', `${repository}:${tag} was moved while it was brought back`)
  }
  await whole(digest, () => new Wholeness(reach, repository).check(digest))
}

/**
 * @param instead where what `look` looks for is absent or damaged
 * @throws RESTORE_CONTENT_GONE where it is absent or damaged there, too; what says nothing about it as it is
 */
async function whole<T>(digest: string, look: () => Promise<T>, instead?: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (!isMissing(error)) throw error
    if (instead !== undefined) return await whole(digest, instead)
    throw new TallymanError(
      'RESTORE_CONTENT_GONE',
      `${digest} is no longer whole in the registry: ${error.message}`,
      {
        cause: error,
        details: { digest },
      },
    )
  }
}
