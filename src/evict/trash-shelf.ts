import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { BlobRef, Manifest } from '#registry/client.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import { calls, type Reach } from './hands.ts'
import { listTags } from './tags.ts'
import { copyKey, type TrashCopy } from './trash-copies.ts'
import { copiesOfOthers, NOBODYS, type OtherJournals } from './trash-others.ts'
import { MAX_TAGS, trashTag } from './trash-place.ts'
import { blobsOf, childrenOf, isPartlyElsewhere, Wholeness } from './wholeness.ts'

/**
 * One repository of the trash while a run puts copies into it. What it has already, and has been looked at, is neither mounted nor written again.
 */
export class TrashShelf {
  readonly repository: string
  readonly #reach: Reach
  readonly #whole: Wholeness
  /** What lay there when it was first looked at. */
  readonly #listed: ReadonlySet<string>
  /** The tags that this run has there, or is about to have. */
  readonly #ours: Set<string>
  /** All of these. */
  readonly #taken: Set<string>
  readonly #mounted = new Map<string, Promise<void>>()
  readonly #copied = new Map<string, Promise<void>>()

  private constructor(reach: Reach, repository: string, listed: ReadonlySet<string>, ours: Set<string>) {
    this.#reach = reach
    this.repository = repository
    this.#whole = new Wholeness(reach, repository, trashTag)
    this.#listed = listed
    this.#ours = ours
    this.#taken = new Set([...listed, ...ours])
  }

  /**
   * @param begun what the journal says this run has there, or has begun and may not have written: then another run may have it there instead
   * @param others who is asked for that
   */
  static async open(
    reach: Reach,
    repository: string,
    begun: readonly TrashCopy[],
    others: OtherJournals | undefined,
  ): Promise<TrashShelf> {
    let listed = new Set<string>()
    try {
      listed = await listTags({ ...reach, repository })
    } catch (error) {
      if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
    }
    const doubtful = begun.filter(({ digest, at }) => at === undefined && listed.has(trashTag(digest)))
    const isAsked = others !== undefined && doubtful.length > 0
    const { theirs, unknown } = isAsked ? await copiesOfOthers(others, doubtful) : NOBODYS
    const ours = begun.filter((copy) => !theirs.has(copyKey(copy)) && !unknown.has(copyKey(copy)))
    return new TrashShelf(reach, repository, listed, new Set(ours.map(({ digest }) => trashTag(digest))))
  }

  /**
   * Takes room for manifests that belong together; more than a repository may have only where it is empty.
   * @returns false: it is full, or an earlier run has one of them there, and will purge it in its own time
   */
  claim(digests: Iterable<string>): boolean {
    const tags = new Set([...digests].map(trashTag))
    const isTheirs = (tag: string) => this.#listed.has(tag) && !this.#ours.has(tag)
    if ([...tags].some(isTheirs)) return false
    const fresh = [...tags].filter((tag) => !this.#taken.has(tag))
    const isFull = this.#taken.size > 0 && this.#taken.size + fresh.length > MAX_TAGS
    if (fresh.length > 0 && isFull) return false
    for (const tag of fresh) {
      this.#ours.add(tag)
      this.#taken.add(tag)
    }
    return true
  }

  /**
   * Copies a manifest: blobs first, then its children, then itself, each manifest under its own tag, so that a garbage collection leaves all of
   * them (S18). Then all of it is read again.
   * @param read the source @throws what is missing or damaged, here or in the source; REGISTRY_*
   */
  copy(digest: string, read: (digest: string) => Promise<Manifest>, depth = 0): Promise<void> {
    return once(this.#copied, digest, async () => {
      if (this.#listed.has(trashTag(digest)) && (await this.#whole.holds(digest))) return
      const manifest = await read(digest)
      if (depth < MAX_NESTING)
        for (const child of childrenOf(manifest)) await this.copy(child, read, depth + 1)
      for (const blob of blobsOf(manifest)) await this.#mount(blob)
      await this.#put(digest, manifest)
      await this.#whole.check(digest)
    })
  }

  /** @throws REGISTRY_MANIFEST_INVALID where the registry does not take it */
  async #put(digest: string, manifest: Manifest): Promise<void> {
    const { push } = this.#reach
    try {
      await push.putManifest(this.repository, trashTag(digest), manifest, calls(this.#reach).write)
    } catch (error) {
      // What distribution answers unless its validation.manifests.urls allows the places that such layers name.
      if (!hasCode(error, 'REGISTRY_SERVER_ERROR') || !isPartlyElsewhere(manifest)) throw error
      const message = `${this.repository}: layers of ${digest} lie elsewhere: ${error.message}`
      throw new TallymanError('REGISTRY_MANIFEST_INVALID', message, { cause: error })
    }
  }

  /** Where the registry does not mount, the bytes are sent. */
  #mount(blob: BlobRef): Promise<void> {
    const { pull, push, repository } = this.#reach
    const { read, write } = calls(this.#reach)
    return once(this.#mounted, blob.digest, () =>
      push.uploadBlob(this.repository, blob, () => pull.readBlob(repository, blob, read), {
        ...write,
        mountFrom: repository,
      }),
    )
  }
}

/** One at a time, and not again once it is done. */
async function once(done: Map<string, Promise<void>>, key: string, work: () => Promise<void>): Promise<void> {
  const working = done.get(key) ?? work()
  done.set(key, working)
  await working
}
