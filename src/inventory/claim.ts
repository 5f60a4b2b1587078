import { MAX_TEXT_LENGTH } from '#inventory/image-texts.ts'
import { isPattern } from '#inventory/pin.ts'
import { formatReference, type ImageReference } from '#inventory/reference.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'

/** Where claims lie in a registry, below the path of its URL, a tag for each: the same for every installation, so that they find each other. */
export const CLAIMS_REPOSITORY = 'tallyman-claims'

/** What an installation of Tallyman uses, for others that delete from the same registry (S01). */
export interface UsageClaim {
  /** UID of the `kube-system` namespace of the cluster that the installation runs in. */
  readonly installation: string
  /** ms since the epoch. */
  readonly writtenAt: number
  /** Since when all its clusters have been watched without a gap (S02), ms since the epoch; undefined: they have not been. */
  readonly coveredSince?: number | undefined
  /** The verdicts of all its inventories together. */
  readonly synced: boolean
  readonly trusted: boolean
  /**
   * Texts of images that are in use or remembered, and each again by the digests that run: nothing else says of which repository they are (S35). What is too long for a
   * reference is cut. Every list is distinct and sorted.
   */
  readonly images: readonly string[]
  /** Digests of manifests and indexes that run. */
  readonly digests: readonly string[]
  /** Digests of image configs, where no more is known (S06). */
  readonly configs: readonly string[]
  readonly pins: readonly string[]
}

/** What is claimed of a snapshot. */
export type ClaimedSnapshot = Pick<
  InventorySnapshot,
  'images' | 'remembered' | 'pins' | 'synced' | 'trusted' | 'coveredMs'
>

/** Entries of each list. */
export const MAX_ENTRIES = 100_000
/** Of the pins: a pattern takes time for each repository. */
export const MAX_PATTERNS = 5_000

/**
 * The claim of an installation: the union of what its inventories know. One that would be too large is cut, and not
 * synced, so that nobody concludes anything from what it leaves out.
 * @param now ms since the epoch
 */
export function claimOf(
  snapshots: readonly ClaimedSnapshot[],
  installation: string,
  now: number,
): UsageClaim {
  const used = snapshots.flatMap(({ images }) => images)
  const remembered = snapshots.flatMap((snapshot) => snapshot.remembered)
  const coveredMs = Math.min(...snapshots.map((snapshot) => snapshot.coveredMs ?? 0))
  const images = distinct([
    ...[...used, ...remembered].map(({ image }) => image.slice(0, MAX_TEXT_LENGTH)),
    ...used.flatMap(({ reference, runningDigests }) => byDigest(reference, runningDigests)),
    ...remembered.flatMap(({ reference, digests }) => byDigest(reference, digests)),
  ])
  const digests = distinct(
    [...used.map((use) => use.runningDigests), ...remembered.map((use) => use.digests)].flat(),
  )
  const configs = distinct(
    [...used.map((use) => use.runningConfigs), ...remembered.map((use) => use.configs)].flat(),
  )
  const pins = distinct(snapshots.flatMap((snapshot) => snapshot.pins.texts))
  const isWhole =
    [images, digests, configs, pins].every(({ length }) => length <= MAX_ENTRIES) &&
    pins.filter(isPattern).length <= MAX_PATTERNS
  const isAll = (holds: (snapshot: ClaimedSnapshot) => boolean) =>
    isWhole && snapshots.length > 0 && snapshots.every(holds)
  return {
    installation,
    writtenAt: now,
    ...(Number.isFinite(coveredMs) && coveredMs > 0 ? { coveredSince: now - coveredMs } : {}),
    synced: isAll(({ synced }) => synced),
    trusted: isAll(({ trusted }) => trusted),
    images: images.slice(0, MAX_ENTRIES),
    digests: digests.slice(0, MAX_ENTRIES),
    configs: configs.slice(0, MAX_ENTRIES),
    pins: isWhole ? pins : [],
  }
}

function byDigest(reference: ImageReference | undefined, digests: readonly string[]): string[] {
  if (reference === undefined) return []
  const { host, repository } = reference
  return digests.map((digest) => formatReference({ host, repository, digest }))
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '').sort()
}
