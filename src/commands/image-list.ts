import { counted } from '#catalogue/counted.ts'
import type { ImageUsers } from '#commands/image-users.ts'
import { printable } from '#commands/printable.ts'
import { alignedLines } from '#commands/table.ts'
import { formatReference } from '#inventory/reference.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** An image of the list: what is known of its use, and all its users. */
export interface ListedImage {
  readonly use: ImageUse
  readonly users: ImageUsers
}

export const OUTPUTS = ['table', 'json', 'names'] as const
export type Output = (typeof OUTPUTS)[number]

/** @param columns of the terminal that it has to fit; undefined: nothing is cut. Only a table is. */
export function formatImages(images: readonly ListedImage[], output: Output, columns?: number): string {
  switch (output) {
    case 'table':
      return lines(alignedLines([HEADER, ...images.map(row)], { width: columns, shrink: [USED_BY, IMAGE] }))
    case 'json':
      return `${JSON.stringify(images.map(jsonImage), null, 2)}\n`
    case 'names':
      return lines([...new Set(images.map(({ use }) => nameOf(use)))].sort())
  }
}

const HEADER = ['IMAGE', 'USED BY', 'PODS', 'KINDS']
const IMAGE = 0
const USED_BY = 1

/** What a kubelet would pull; what it could not pull, as it is written. */
function nameOf({ image, reference }: ImageUse): string {
  return reference === undefined ? printable(image) : formatReference(reference)
}

function row({ use, users }: ListedImage): string[] {
  return [printable(use.image), usedBy(use, users), String(use.pods), use.kinds.join(',')]
}

function usedBy({ nodesCaching }: ImageUse, { workloads }: ImageUsers): string {
  const [first, ...others] = workloads
  if (first === undefined) return `(cached on ${counted(nodesCaching, 'node')})`
  const { cluster, namespace, kind, name } = first
  const more = others.length === 0 ? '' : ` +${others.length}`
  return `${[cluster, namespace, kind, name].filter((part) => part !== '').join('/')}${more}`
}

/** The same fields in the same order for every image. */
function jsonImage({ use, users }: ListedImage) {
  const { image, reference } = use
  return {
    image,
    registry: reference?.host ?? null,
    repository: reference?.repository ?? null,
    tag: reference?.tag ?? null,
    digest: reference?.digest ?? null,
    kinds: use.kinds,
    pods: use.pods,
    objects: use.objects,
    nodesCaching: use.nodesCaching,
    finishedOnly: use.finishedOnly,
    pullFailures: use.pullFailures,
    clusters: users.clusters,
    namespaces: use.namespaces,
    users: users.workloads,
    runningDigests: use.runningDigests,
    runningConfigs: use.runningConfigs,
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('')
}
