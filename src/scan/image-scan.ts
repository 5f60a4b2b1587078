import type { ImageEvidence, ManifestEvidence } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { BlobLooks } from '#scan/blob-looks.ts'
import { HeadLooks } from '#scan/head-looks.ts'
import type { LookOptions } from '#scan/look.ts'
import { ManifestLooks } from '#scan/manifest-looks.ts'
import { TagListings } from '#scan/tag-listings.ts'

/** One image to look at: where it is in the registry, and which digests pods run of it. */
export interface ImageTarget {
  readonly repository: string
  readonly reference: string
  readonly isTag: boolean
  readonly runningDigests: readonly string[]
}

export interface ImageScanOptions extends LookOptions {
  /** Manifest: tag, manifest, children. Blobs: also config and layers. Head: one HEAD each, nothing else. */
  readonly depth: 'Head' | 'Manifest' | 'Blobs'
  /** Images looked at side by side; the requests are limited by the client. */
  readonly concurrency: number
}

/**
 * Looks at every image and returns what was seen, in the order of `targets`. Writes nothing, judges nothing. When it
 * fails nothing goes on in the background.
 * @throws TallymanError CANCELLED (or the reason of the signal) when aborted
 */
export async function scanImages(
  client: RegistryClient,
  targets: readonly ImageTarget[],
  options: ImageScanOptions,
): Promise<ImageEvidence[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const lookAt = looksAtImages(client, targets, { ...options, signal })

  const evidence = new Array<ImageEvidence>(targets.length)
  const queue = targets.entries()
  const worker = async () => {
    try {
      for (const [index, target] of queue) {
        signal.throwIfAborted()
        evidence[index] = await lookAt(target)
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
): (target: ImageTarget) => Promise<ImageEvidence> {
  const blobs = options.depth === 'Blobs' ? new BlobLooks(client, options) : undefined
  const manifests = new ManifestLooks(client, blobs, options)
  const isHeadOnly = options.depth === 'Head'
  const heads = new HeadLooks(client, { ...options, headOnly: isHeadOnly })
  const tags = new TagListings(client, tagsOf(targets), options)

  return async ({ repository, reference, isTag, runningDigests }) => {
    const manifest = await (isHeadOnly ? heads : manifests).look(repository, reference)
    const contained = digestsOf(manifest)
    const foreign = runningDigests.filter((digest) => !contained.has(digest))
    const running = await Promise.all(
      manifest.sight.state === 'present' && isTag
        ? foreign.map((digest) => heads.look(repository, digest))
        : [],
    )
    const isGone = isTag && manifest.sight.state === 'absent' && !isHeadOnly
    const tagListed = isGone ? await tags.has(repository, reference) : undefined
    return { repository, manifest, tagListed, running }
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
