import { aggregate } from '#inventory/aggregate.ts'
import type { PodTable } from '#inventory/pod-table.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** The pods of a cluster under its name. */
export interface ClusterPods {
  readonly name: string
  readonly table: PodTable
}

/** The uses of images at one moment, with what tells later which of them still hold. */
export interface ImageUses {
  /** Sorted by image. */
  readonly images: readonly ImageUse[]
  /** Where each cluster's table stood, in the order of the clusters. */
  readonly marks: readonly TableMark[]
}

interface TableMark {
  readonly version: number
  readonly retiredImages: number
}

/**
 * Who uses which image, over all clusters. Given what the same clusters answered before, only images of which
 * something changed are put together again: the rest costs a comparison.
 */
export function imageUses(clusters: readonly ClusterPods[], before?: ImageUses): ImageUses {
  const marks = clusters.map(({ table: { version, retiredImages } }) => ({ version, retiredImages }))
  if (before === undefined) {
    return { images: aggregate(rowsOf(clusters, ({ name, table }) => table.usages(name))), marks }
  }
  if (marks.every(({ version }, i) => version === before.marks[i]?.version)) return before
  const changed = new Set<string>()
  clusters.forEach(({ table }, i) => {
    for (const image of table.imagesChangedSince(before.marks[i]?.version ?? 0)) changed.add(image)
    // Looking every image up costs most of all this, so it is done only after one went out of use.
    if (table.retiredImages === before.marks[i]?.retiredImages) return
    for (const { image } of before.images) if (!table.has(image)) changed.add(image)
  })
  const renewed = aggregate(rowsOf(clusters, ({ name, table }) => table.usagesOf(name, changed)))
  const kept = before.images.filter(({ image }) => !changed.has(image))
  return { images: merged(kept, renewed), marks }
}

function* rowsOf<T>(
  clusters: readonly ClusterPods[],
  read: (cluster: ClusterPods) => Iterable<T>,
): Generator<T> {
  for (const cluster of clusters) yield* read(cluster)
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
