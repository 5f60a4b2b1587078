import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { BlobRef, Manifest } from '#registry/client.ts'
import { parseManifest } from '#registry/manifest.ts'
import { calls, type Reach } from './hands.ts'
import type { SavedManifest } from './journal.ts'
import { journalState, savedManifests } from './journal-state.ts'
import { headDigest } from './tags.ts'

/** Deeper than any index nests. */
const MAX_DEPTH = 4

/** `Taken`: the tag names something else by now, and keeps it. */
export type Restored = 'Restored' | 'Taken'

/**
 * Brings back a tag, or a manifest, that a run took away, as long as the registry still has its blobs: the children first, then the manifest with
 * exactly the bytes that it had, then the tag. It counts only when all of it was read again: manifests with their bytes, blobs by their last.
 * @param wanted the digest that it had; with a tag: which names nothing, or this already
 * @throws RESTORE_CONTENT_GONE the registry has removed some of it, or the journal does not know it; REGISTRY_*
 */
export async function restore(
  reach: Reach,
  { tag, digest }: { readonly tag?: string | undefined; readonly digest: string },
): Promise<Restored> {
  const named = tag === undefined ? undefined : await headDigest(reach, tag)
  if (named !== undefined && named !== digest) return 'Taken'
  const work = new Restoring(reach, await savedBelow(reach, digest))
  const manifest = await work.manifest(digest, 0)
  if (tag !== undefined && named === undefined) {
    await reach.push.putManifest(reach.repository, tag, manifest, calls(reach).write)
  }
  await verify(reach, tag ?? digest, digest)
  await reach.journal.append([{ kind: 'restored', at: reach.clock.now(), tag, digest }])
  return 'Restored'
}

class Restoring {
  readonly #reach: Reach
  readonly #saved: ReadonlyMap<string, SavedManifest>

  constructor(reach: Reach, saved: ReadonlyMap<string, SavedManifest>) {
    this.#reach = reach
    this.#saved = saved
  }

  /** Writes a manifest again where it is not there, after all that it names. */
  async manifest(digest: string, depth: number): Promise<Manifest> {
    const { repository, push, pull } = this.#reach
    const { read, write } = calls(this.#reach)
    const saved = this.#saved.get(digest)
    const manifest =
      saved === undefined
        ? await whole(digest, () => pull.getManifest(repository, digest, read))
        : parseManifest(saved.bytes, digest, saved.mediaType, `${repository} ${digest}`)
    if (depth < MAX_DEPTH) for (const child of childrenOf(manifest)) await this.manifest(child, depth + 1)
    for (const blob of blobsOf(manifest))
      await whole(blob.digest, () => pull.probeBlob(repository, blob, read))
    if ((await headDigest(this.#reach, digest)) === undefined) {
      await push.putManifest(repository, digest, manifest, write)
    }
    return manifest
  }
}

/** The saved manifests of a digest and of all that it contains. */
async function savedBelow(reach: Reach, digest: string): Promise<Map<string, SavedManifest>> {
  const { saved } = await journalState(reach.journal)
  const below = new Set([digest])
  for (const each of below) for (const child of saved.get(each)?.children ?? []) below.add(child)
  return savedManifests(reach.journal, below)
}

/** Reads everything again, as somebody who pulls would. @throws RESTORE_CONTENT_GONE */
async function verify(reach: Reach, reference: string, digest: string, depth = 0): Promise<void> {
  const { repository, pull } = reach
  const { read } = calls(reach)
  const manifest = await whole(digest, () => pull.getManifest(repository, reference, read))
  if (manifest.digest !== digest) {
    throw new TallymanError(
      'DELETE_UNSETTLED',
      `${repository}:${reference} was moved while it was brought back`,
    )
  }
  if (depth < MAX_DEPTH)
    for (const child of childrenOf(manifest)) await verify(reach, child, child, depth + 1)
  for (const blob of blobsOf(manifest)) await whole(blob.digest, () => pull.probeBlob(repository, blob, read))
}

function childrenOf(manifest: Manifest): readonly string[] {
  return manifest.kind === 'index' ? manifest.manifests.map(({ digest }) => digest) : []
}

function blobsOf(manifest: Manifest): readonly BlobRef[] {
  if (manifest.kind === 'index') return []
  if (manifest.kind === 'artifact') return manifest.blobs
  return [manifest.config, ...manifest.layers.filter(({ urls }) => urls === undefined || urls.length === 0)]
}

/** @throws RESTORE_CONTENT_GONE where it is absent or damaged; what says nothing about it as it is */
async function whole<T>(digest: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (thrown) {
    const error = asTallymanError(thrown)
    if (error.kind !== 'absent' && error.kind !== 'damaged') throw error
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
