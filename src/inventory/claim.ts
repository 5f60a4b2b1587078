import { type ClaimLimit, exceededLimit } from '#inventory/claim-limits.ts'
import { MAX_TEXT_LENGTH } from '#inventory/image-texts.ts'
import type { HeldOrigin } from '#inventory/ledger/origin.ts'
import { formatReference, type ImageReference } from '#inventory/reference.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'

/** Where claims lie in a registry, below the path of its URL, a tag for each: the same for every installation, so that they find each other. */
export const CLAIMS_REPOSITORY = 'tallyman-claims'

/** By which ledger an inventory remembers. */
export interface ClaimedLedger extends HeldOrigin {
  /** `namespace/name`. */
  readonly inventory: string
}

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
  /** More is in use than a claim can say: its lists are empty, and it is not synced. */
  readonly exceeded?: ClaimLimit | undefined
  /**
   * Texts of images that are in use or remembered, and each again by the digests that run and that it does not name: nothing else says of which repository they are (S35).
   * What is too long for a reference is cut. Every list is distinct and sorted.
   */
  readonly images: readonly string[]
  /** Digests of manifests and indexes that run. */
  readonly digests: readonly string[]
  /** Digests of image configs, where no more is known (S06). */
  readonly configs: readonly string[]
  readonly pins: readonly string[]
  /** Those of its inventories that are read, so that others miss one that is lost as well (S02). Absent in claims of older versions. */
  readonly ledgers?: readonly ClaimedLedger[] | undefined
}

/** What is claimed of a snapshot. */
export interface ClaimedSnapshot
  extends Pick<InventorySnapshot, 'images' | 'remembered' | 'pins' | 'synced' | 'trusted' | 'coveredMs'> {
  readonly ledger?: ClaimedLedger | undefined
}

const NOTHING = { images: [], digests: [], configs: [], pins: [] }

/**
 * The claim of an installation: the union of what its inventories know. One that would be too large says nothing but
 * that, and is not synced, so that nobody concludes anything from what it leaves out.
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
  const ledgers = snapshots.flatMap(({ ledger }) => (ledger === undefined ? [] : [ledger]))
  const lists = { images, digests, configs, pins }
  const exceeded = exceededLimit(lists)
  const isWhole = exceeded === undefined
  const isAll = (holds: (snapshot: ClaimedSnapshot) => boolean) =>
    isWhole && snapshots.length > 0 && snapshots.every(holds)
  return {
    installation,
    writtenAt: now,
    ...(Number.isFinite(coveredMs) && coveredMs > 0 ? { coveredSince: now - coveredMs } : {}),
    synced: isAll(({ synced }) => synced),
    trusted: isAll(({ trusted }) => trusted),
    ...(isWhole ? lists : { exceeded, ...NOTHING }),
    ledgers,
  }
}

function byDigest(reference: ImageReference | undefined, digests: readonly string[]): string[] {
  if (reference === undefined) return []
  const { host, repository, digest: named } = reference
  return digests
    .filter((digest) => digest !== named)
    .map((digest) => formatReference({ host, repository, digest }))
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '').sort()
}
