import { locate, type RegistryNames } from '#inventory/locate.ts'
import { type ImageUse, type InventorySnapshot, isPulled } from '#inventory/snapshot.ts'
import type { ImageTarget } from '#scan/image-scan.ts'
import type { Selection } from '#scan/selection.ts'

export interface InUseTargets {
  /** Each image of the registry with what to look for, in the order of the snapshot. */
  readonly targets: readonly { readonly use: ImageUse; readonly target: ImageTarget }[]
  /** Images that nodes pull and that belong to another registry, or are no legal reference. */
  readonly elsewhere: number
}

/**
 * What to look at in one registry for the images that nodes pull: what the kubelet would ask for (a digest where one
 * is written, else the tag), and the digests that run (S23). What only rollback history, a Helm release or a node's
 * cache names is left out: nobody misses it yet.
 */
export function targetsInUse(
  snapshot: InventorySnapshot,
  names: RegistryNames,
  selection: Selection,
): InUseTargets {
  const pulled = snapshot.images.filter(isPulled)
  let deselected = 0
  const targets = pulled.flatMap((use) => {
    const located = use.reference === undefined ? undefined : locate(use.reference, names)
    const reference = located?.digest ?? located?.tag
    if (located === undefined || reference === undefined) return []
    const isTag = located.digest === undefined
    if (!selection.repository(located.repository) || (isTag && !selection.tag(reference))) {
      deselected += 1
      return []
    }
    return [
      {
        use,
        target: { repository: located.repository, reference, isTag, runningDigests: use.runningDigests },
      },
    ]
  })
  return { targets, elsewhere: pulled.length - targets.length - deselected }
}
