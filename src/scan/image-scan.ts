import type { ImageEvidence, ManifestEvidence, Platform } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { BlobLooks } from '#scan/blob-looks.ts'
import { BuildDates } from '#scan/build-dates.ts'
import { ContentReader } from '#scan/content-reader.ts'
import { HeadLooks } from '#scan/head-looks.ts'
import type { LookOptions } from '#scan/look.ts'
import { ManifestLooks } from '#scan/manifest-looks.ts'
import type { LapProofs } from '#scan/proof-memory.ts'
import type { ReferrerLists } from '#scan/referrer-lists.ts'
import { ReferrerLooks } from '#scan/referrer-looks.ts'
import { TagListings } from '#scan/tag-listings.ts'

/** One image to look at: where it is in the registry, and which digests pods run of it. */
export interface ImageTarget {
  readonly repository: string
  readonly reference: string
  readonly isTag: boolean
  readonly runningDigests: readonly string[]
  /** The last lap found something wrong with it: nothing of it is taken as proven before (S26). */
  readonly isSuspect?: boolean | undefined
  /** Left out where the image was built before this, ms since the epoch. */
  readonly builtAfter?: number | undefined
}

export interface ImageScanOptions extends LookOptions {
  /**
   * Manifest: tag, manifest, children. Blobs: also the last byte of config and layers. Content: also all of their bytes, where that is due.
   * Head: one HEAD each, nothing else.
   */
  readonly depth: 'Head' | 'Manifest' | 'Blobs' | 'Content'
  /** What earlier laps have proven, and this one proves. */
  readonly proofs: LapProofs
  /** Of depth Content. */
  readonly content?: { readonly bytesPerSecond: number; readonly until: number } | undefined
  /** Children of an index for other platforms are not looked at; absent: all are. */
  readonly wants?: ((platform: Platform | undefined) => boolean) | undefined
  /** Where what refers to an image is looked at as well: lists it. Never asked at depth Head. */
  readonly referrers?: ReferrerLists | undefined
  /** Images looked at side by side; the requests are limited by the client. */
  readonly concurrency: number
  /** Called after each image. */
  readonly onLooked?: (() => void) | undefined
}

/**
 * Looks at every image and returns what was seen, in the order of `targets`; undefined for one that is left out for its age. Writes nothing,
 * judges nothing. When it fails nothing goes on in the background.
 * @throws TallymanError CANCELLED (or the reason of the signal) when aborted
 */
export async function scanImages(
  client: RegistryClient,
  targets: readonly ImageTarget[],
  options: ImageScanOptions,
): Promise<(ImageEvidence | undefined)[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const lookAt = looksAtImages(client, targets, { ...options, signal })

  const evidence = new Array<ImageEvidence | undefined>(targets.length)
  // Those that trust nothing go first: what they share with others is then not taken from memory.
  const queue = [...targets.entries()]
    .sort(([, a], [, b]) => Number(b.isSuspect ?? false) - Number(a.isSuspect ?? false))
    .values()
  const worker = async () => {
    try {
      for (const [index, target] of queue) {
        signal.throwIfAborted()
        evidence[index] = await lookAt(target)
        options.onLooked?.()
      }
    } catch (error) {
      stop.abort(error)
      throw error
    }
  }
  const workers = Array.from({ length: Math.min(options.concurrency, targets.length) }, worker)
  await Promise.allSettled(workers)
  await Promise.all(workers)
  return evidence
}

/** How one image is looked at. What images share is looked at once for all calls. */
function looksAtImages(
  client: RegistryClient,
  targets: readonly ImageTarget[],
  options: ImageScanOptions,
): (target: ImageTarget) => Promise<ImageEvidence | undefined> {
  const { depth, content } = options
  const reader =
    depth === 'Content' && content !== undefined
      ? new ContentReader(client, { ...options, ...content })
      : undefined
  const blobs =
    depth === 'Blobs' || depth === 'Content'
      ? new BlobLooks(client, { ...options, content: reader })
      : undefined
  const manifests = new ManifestLooks(client, blobs, options)
  const isHeadOnly = depth === 'Head'
  const heads = new HeadLooks(client, { ...options, headOnly: isHeadOnly })
  const tags = new TagListings(client, tagsOf(targets), options)

  const referrerLooks =
    options.referrers === undefined || isHeadOnly
      ? undefined
      : new ReferrerLooks(manifests, options.referrers, options)
  const dates = new BuildDates(client, manifests, options)
  const isTooOld = async ({ repository, reference, builtAfter, isSuspect = false }: ImageTarget) => {
    if (builtAfter === undefined || isHeadOnly) return false
    const look = await manifests.facts({ repository, reference, depth: 0, trusts: !isSuspect })
    if ('error' in look) return false
    const date = await dates.of(repository, look.value)
    return date !== undefined && date < builtAfter
  }

  return async (target) => {
    const { repository, reference, isTag, runningDigests, isSuspect = false } = target
    if (await isTooOld(target)) return undefined
    const manifest = await (isHeadOnly
      ? heads.look(repository, reference)
      : manifests.look(repository, reference, !isSuspect))
    const contained = digestsOf(manifest)
    const foreign = runningDigests.filter((digest) => !contained.has(digest))
    const running = await Promise.all(
      manifest.sight.state === 'present' && isTag
        ? foreign.map((digest) => heads.look(repository, digest))
        : [],
    )
    const referrers =
      manifest.digest === undefined
        ? undefined
        : await referrerLooks?.look(repository, manifest.digest, !isSuspect)
    const isGone = isTag && manifest.sight.state === 'absent' && !isHeadOnly
    const tagListed = isGone ? await tags.has(repository, reference) : undefined
    return { repository, manifest, tagListed, running, referrers }
  }
}

function tagsOf(targets: readonly ImageTarget[]): Map<string, Set<string>> {
  const tags = new Map<string, Set<string>>()
  for (const { repository, reference, isTag } of targets) {
    if (isTag) tags.set(repository, (tags.get(repository) ?? new Set()).add(reference))
  }
  return tags
}

/** The digests that a pull of this manifest may end at: its own and those of its children. */
function digestsOf(manifest: ManifestEvidence): Set<string> {
  const digests = new Set<string>()
  const collect = (node: ManifestEvidence) => {
    if (node.digest !== undefined) digests.add(node.digest)
    if (node.reference.includes(':')) digests.add(node.reference)
    for (const child of node.children) collect(child)
  }
  collect(manifest)
  return digests
}
