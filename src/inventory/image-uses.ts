import { Aggregation } from '#inventory/aggregate.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

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
  let from = 0
  let to = images.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((images[middle]?.image ?? '') < image) from = middle + 1
    else to = middle
  }
  return images[from]?.image === image ? images[from] : undefined
}

/**
 * Who uses which image, over all clusters. Given what the same clusters answered before, only images of which
 * something changed are put together again: the rest costs a comparison.
 */
export function imageUses(clusters: readonly NamedUses[], before?: ImageUses): ImageUses {
  const steps = inSteps(clusters, before, Number.POSITIVE_INFINITY)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/**
 * The same for who must not hold up the event loop: between two steps, clusters may change. What changed is put
 * together again in the last one, so the result is what `imageUses` says at its end.
 * @param size of a step, in containers and images; 10,000 take about 5 ms
 */
export function* imageUsesInSteps(
  clusters: readonly NamedUses[],
  before: ImageUses | undefined,
  size: number,
): Generator<undefined, ImageUses> {
  return imageUses(clusters, yield* inSteps(clusters, before, size))
}

/**
 * Where clusters change between two steps, what is said of images that changed since `marks`, or went, is worthless:
 * ids may have come to mean something else. Of all others it holds.
 */
function* inSteps(
  clusters: readonly NamedUses[],
  before: ImageUses | undefined,
  size: number,
): Generator<undefined, ImageUses> {
  const marks = clusters.map(({ uses: { version, retiredImages } }) => ({ version, retiredImages }))
  if (before !== undefined && marks.every(({ version }, i) => version === before.marks[i]?.version))
    return before
  const changed = before === undefined ? undefined : imagesChanged(clusters, before)
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
  for (const use of aggregation.images()) {
    renewed.push(use)
    if (renewed.length % size === 0) yield
  }
  const kept = before?.images.filter(({ image }) => changed?.has(image) === false) ?? []
  return { images: merged(kept, renewed), marks }
}

function imagesChanged(clusters: readonly NamedUses[], before: ImageUses): ReadonlySet<string> {
  const changed = new Set<string>()
  clusters.forEach(({ uses }, i) => {
    for (const image of uses.imagesChangedSince(before.marks[i]?.version ?? 0)) changed.add(image)
    // Looking every image up costs most of all this, so it is done only where too many went out of use.
    const retired = uses.retiredSince(before.marks[i]?.retiredImages ?? 0)
    for (const image of retired ?? before.images.map((use) => use.image))
      if (!uses.has(image)) changed.add(image)
  })
  return changed
}

/** Two lists sorted by image, without images in common, as one. */
function merged(a: readonly ImageUse[], b: readonly ImageUse[]): ImageUse[] {
  const all: ImageUse[] = []
  let next = 0
  for (const use of a) {
    for (let other = b[next]; other !== undefined && other.image < use.image; other = b[next]) {
      all.push(other)
      next += 1
    }
    all.push(use)
  }
  return all.concat(b.slice(next))
}
