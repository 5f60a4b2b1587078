import { Aggregation } from '#inventory/aggregate.ts'
import { atOnce } from '#inventory/at-once.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { sortedInSteps } from '#inventory/sorted-in-steps.ts'

/** The uses of images at one moment, with what tells later which of them still hold. */
export interface ImageUses {
  /** Sorted by image. */
  readonly images: readonly ImageUse[]
  /** Where each cluster stood, in the order of the clusters. */
  readonly marks: readonly ClusterMark[]
}

interface ClusterMark {
  readonly version: number
  readonly retiredImages: number
}

/** What is said of `image`. O(log n) */
export function findUse({ images }: ImageUses, image: string): ImageUse | undefined {
  const use = images[positionOf(images, image)]
  return use?.image === image ? use : undefined
}

/** Where `image` is among sorted ones, or would be. */
function positionOf(images: readonly ImageUse[], image: string, start = 0): number {
  let from = start
  let to = images.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((images[middle]?.image ?? '') < image) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * Who uses which image, over all clusters. Given what the same clusters answered before, only images of which
 * something changed are put together again: the rest costs a comparison.
 */
export function imageUses(clusters: readonly NamedUses[], before?: ImageUses): ImageUses {
  return atOnce(inSteps(clusters, before, 'imagesChangedSince', Number.POSITIVE_INFINITY))
}

/**
 * The same for who must not hold up the event loop: between two steps, clusters may change. What changed or moved meanwhile is put
 * together again in the last one, so the result is what `imageUses` says at its end (S30).
 * @param size of a step, in containers and images; 10,000 take about 5 ms
 */
export function* imageUsesInSteps(
  clusters: readonly NamedUses[],
  before: ImageUses | undefined,
  size: number,
): Generator<undefined, ImageUses> {
  const rough = yield* inSteps(clusters, before, 'imagesChangedSince', size)
  return atOnce(inSteps(clusters, rough, 'imagesMovedSince', Number.POSITIVE_INFINITY))
}

/**
 * Where clusters change between two steps, what is said of images that changed or moved since `marks`, or went, is worthless:
 * an object may be met twice or not at all, and ids may have come to mean something else. Of all others it holds.
 */
function* inSteps(
  clusters: readonly NamedUses[],
  before: ImageUses | undefined,
  since: 'imagesChangedSince' | 'imagesMovedSince',
  size: number,
): Generator<undefined, ImageUses> {
  const marks = clusters.map(({ uses: { version, retiredImages } }) => ({ version, retiredImages }))
  if (before !== undefined && marks.every(({ version }, i) => version === before.marks[i]?.version))
    return before
  const changed = before === undefined ? undefined : imagesChanged(clusters, before, since)
  const aggregation = new Aggregation()
  let done = 0
  for (const { name, uses } of clusters) {
    for (const row of changed === undefined ? uses.usages(name) : uses.usagesOf(name, changed)) {
      aggregation.add(row)
      done += row.containers.length
      if (done < size) continue
      yield
      done = 0
    }
  }
  const renewed: ImageUse[] = []
  for (const image of yield* sortedInSteps(aggregation.names, size)) {
    const use = aggregation.use(image)
    if (use !== undefined) renewed.push(use)
    if (renewed.length % size === 0) yield
  }
  if (before === undefined || changed === undefined) return { images: renewed, marks }
  return { images: withChanges(before.images, changed, renewed), marks }
}

function imagesChanged(
  clusters: readonly NamedUses[],
  before: ImageUses,
  since: 'imagesChangedSince' | 'imagesMovedSince',
): ReadonlySet<string> {
  const changed = new Set<string>()
  clusters.forEach(({ uses }, i) => {
    for (const image of uses[since](before.marks[i]?.version ?? 0)) changed.add(image)
    // Looking every image up costs most of all this, so it is done only where too many went out of use.
    const retired = uses.retiredSince(before.marks[i]?.retiredImages ?? 0)
    for (const image of retired ?? before.images.map((use) => use.image))
      if (!uses.has(image)) changed.add(image)
  })
  return changed
}

/**
 * `images` with the `changed` ones taken out and `renewed` put in, all sorted. Few change between two snapshots, so they are searched
 * for: to ask of every image whether it changed took a fifth of the time of a busy inventory (bench/inventory).
 */
function withChanges(
  images: readonly ImageUse[],
  changed: ReadonlySet<string>,
  renewed: readonly ImageUse[],
): ImageUse[] {
  const all: ImageUse[] = []
  let from = 0
  let next = 0
  for (const image of [...changed].sort()) {
    const to = positionOf(images, image, from)
    for (const use of images.slice(from, to)) all.push(use)
    from = images[to]?.image === image ? to + 1 : to
    // Between two steps an id can come to mean an image that had not changed: the last step sees to it.
    while ((renewed[next]?.image ?? image) < image) next += 1
    const use = renewed[next]
    if (use?.image === image) all.push(use)
  }
  for (const use of images.slice(from)) all.push(use)
  return all
}
