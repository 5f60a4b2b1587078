import type { InUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryImage } from '#inventory/usage-lookup.ts'

/** By digest of a manifest, the indexes that contain it, at whatever depth. */
export type Holders = ReadonlyMap<string, readonly RegistryImage[]>

/** The same use, and that of an index counts for what it contains: a node pulls one of its platforms by digest (S35). */
export function withHeld(index: InUseIndex, holders: Holders): InUseIndex {
  if (holders.size === 0) return index
  return {
    usesOf: (image) => {
      const above = (image.digest === undefined ? undefined : holders.get(image.digest)) ?? []
      return [...index.usesOf(image), ...above.flatMap((holder) => index.usesOf(holder))]
    },
    usesOfConfig: (digest) => index.usesOfConfig(digest),
  }
}
