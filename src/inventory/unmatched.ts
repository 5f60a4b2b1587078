import { locate, type RegistryNames } from '#inventory/locate.ts'
import { type InventorySnapshot, isPulled } from '#inventory/snapshot.ts'

export interface Unmatched {
  /** Distinct image references that belong to none of the registries. */
  readonly images: number
  /** Those references by host, most first; equal counts by name. */
  readonly hosts: readonly { readonly host: string; readonly images: number }[]
  /** References that are no legal image reference. */
  readonly unparsable: number
}

/** Which images in use no registry answers for (S22): a wrong alias shows here, not as silence. */
export function unmatchedImages(
  snapshot: Pick<InventorySnapshot, 'images'>,
  registries: readonly RegistryNames[],
): Unmatched {
  const hosts = new Map<string, number>()
  let unparsable = 0
  for (const { reference } of snapshot.images.filter(isPulled)) {
    if (reference === undefined) {
      unparsable += 1
    } else if (!registries.some((names) => locate(reference, names) !== undefined)) {
      hosts.set(reference.host, (hosts.get(reference.host) ?? 0) + 1)
    }
  }
  const sorted = [...hosts].map(([host, images]) => ({ host, images }))
  sorted.sort((a, b) => b.images - a.images || (a.host < b.host ? -1 : 1))
  return { images: sorted.reduce((sum, { images }) => sum + images, 0), hosts: sorted, unparsable }
}
