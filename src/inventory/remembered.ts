import type { LedgerEntry } from '#inventory/ledger/ledger.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'

/** An image that a cluster used, within the time that an inventory remembers (S02); something may use it still. */
export interface RememberedImage {
  /** As the objects wrote it. */
  readonly image: string
  /** undefined: no legal reference. The image counts as in use all the same. */
  readonly reference: ImageReference | undefined
  readonly cluster: string
  /** Full hours, in ms since the epoch. */
  readonly firstSeen: number
  readonly lastSeen: number
  /** `namespace/Kind/name` of the last workloads, not of all. */
  readonly users: readonly string[]
  /** Digests of manifests or indexes that ran, each for as long as the image is remembered. */
  readonly digests: readonly string[]
  /** Digests of image configs, where the runtime reported no more than that (S06). */
  readonly configs: readonly string[]
}

/** What the ledger of one cluster remembers, in its order. */
export function rememberedImages(cluster: string, entries: Iterable<LedgerEntry>): RememberedImage[] {
  return Array.from(entries, ({ image, firstSeen, lastSeen, users, digests }) => ({
    image,
    reference: parseReference(image),
    cluster,
    firstSeen,
    lastSeen,
    users,
    digests: digests.filter(({ isConfig }) => !isConfig).map(({ digest }) => digest),
    configs: digests.filter(({ isConfig }) => isConfig).map(({ digest }) => digest),
  }))
}
