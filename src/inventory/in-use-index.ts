import type { UsageClaim } from '#inventory/claim.ts'
import { type RegistryNames, spellings } from '#inventory/locate.ts'
import { compilePins, type Pins, type RepositoryPins } from '#inventory/pins.ts'
import { parseReference } from '#inventory/reference.ts'
import type { RememberedImage } from '#inventory/remembered.ts'
import type { ImageUse, InventorySnapshot } from '#inventory/snapshot.ts'
import { type Match, type RegistryImage, UsageLookup } from '#inventory/usage-lookup.ts'

/** Everything that counts as in use: the union protects (S01). */
export interface KnownUsage {
  /** Of all inventories. */
  readonly snapshots: readonly Pick<InventorySnapshot, 'images' | 'remembered' | 'pins'>[]
  /** Of other installations. */
  readonly claims?: readonly UsageClaim[] | undefined
}

/** Why an image counts as in use: something uses it, used it lately, another installation does, or it is pinned. */
export type UseReason =
  | { readonly kind: Match; readonly use: ImageUse }
  | { readonly kind: 'remembered'; readonly match: Match; readonly remembered: RememberedImage }
  | { readonly kind: 'claimed'; readonly match: Match; readonly claimed: ClaimedImage }
  | { readonly kind: 'pinned'; readonly pin: string; readonly installation?: string | undefined }

/** An image, or a digest, of which another installation says that it is in use there. */
export interface ClaimedImage {
  readonly installation: string
  readonly image: string
}

/** Who uses what of one registry. Immutable. */
export interface InUseIndex {
  /** Why the image counts as in use, strongest reasons first; empty: nothing known needs it. */
  usesOf(image: RegistryImage): readonly UseReason[]
  /** Why every manifest with this config counts as in use (S06). */
  usesOfConfig(digest: string): readonly UseReason[]
}

/** Built in time in proportion to the images that are known; a question takes time in proportion to its answer. */
export function inUseIndex({ snapshots, claims = [] }: KnownUsage, names: RegistryNames): InUseIndex {
  const live = liveUses(snapshots, names)
  const remembered = rememberedUses(snapshots, names)
  const claimed = claimedUses(claims, names)
  const pinned = new PinnedImages(names)
  for (const { pins } of snapshots) pinned.add(pins)
  for (const { pins, installation } of claims) pinned.add(compilePins(pins), installation)
  const reasonsIn = (find: <T>(lookup: UsageLookup<T>) => ReadonlyMap<T, Match>): UseReason[] => {
    const found: UseReason[] = []
    for (const [use, kind] of find(live)) found.push({ kind, use })
    for (const [each, match] of find(remembered)) found.push({ kind: 'remembered', match, remembered: each })
    for (const [each, match] of find(claimed)) found.push({ kind: 'claimed', match, claimed: each })
    return found
  }
  return {
    usesOf: (image) => {
      const found = reasonsIn((lookup) => lookup.find(image))
      pinned.addTo(found, image)
      return found
    },
    usesOfConfig: (digest) => reasonsIn((lookup) => lookup.findConfig(digest)),
  }
}

function liveUses(snapshots: KnownUsage['snapshots'], names: RegistryNames): UsageLookup<ImageUse> {
  const lookup = new UsageLookup<ImageUse>(names)
  for (const use of snapshots.flatMap(({ images }) => images)) {
    lookup.addImage(use, use.image, use.reference)
    for (const digest of use.runningDigests) lookup.addDigest(use, digest)
    for (const digest of use.runningConfigs) lookup.addConfig(use, digest)
  }
  return lookup
}

function rememberedUses(
  snapshots: KnownUsage['snapshots'],
  names: RegistryNames,
): UsageLookup<RememberedImage> {
  const lookup = new UsageLookup<RememberedImage>(names)
  for (const each of snapshots.flatMap(({ remembered }) => remembered)) {
    lookup.addImage(each, each.image, each.reference)
    for (const digest of each.digests) lookup.addDigest(each, digest)
    for (const digest of each.configs) lookup.addConfig(each, digest)
  }
  return lookup
}

function claimedUses(claims: readonly UsageClaim[], names: RegistryNames): UsageLookup<ClaimedImage> {
  const lookup = new UsageLookup<ClaimedImage>(names)
  for (const { installation, images, digests, configs } of claims) {
    for (const image of images) lookup.addImage({ installation, image }, image, parseReference(image))
    for (const image of digests) lookup.addDigest({ installation, image }, image)
    for (const image of configs) lookup.addConfig({ installation, image }, image)
  }
  return lookup
}

/** The pins of everybody, for images of one registry. */
class PinnedImages {
  readonly #names: RegistryNames
  readonly #all: { readonly pins: Pins; readonly installation: string | undefined }[] = []
  /** Who asks for a repository asks for its tags one after the other. */
  #last: { readonly repository: string; readonly held: readonly HeldPins[] } | undefined

  constructor(names: RegistryNames) {
    this.#names = names
  }

  add(pins: Pins, installation?: string): void {
    this.#all.push({ pins, installation })
  }

  /** One reason for each of those who pin the image. */
  addTo(reasons: UseReason[], { repository, tag, digest }: RegistryImage): void {
    const isAny = tag === undefined && digest === undefined
    for (const { pins, installation } of this.#of(repository)) {
      const pin = isAny ? pins.any : pins.pinOf(tag, digest)
      if (pin === undefined) continue
      reasons.push({ kind: 'pinned', pin, ...(installation === undefined ? {} : { installation }) })
    }
  }

  #of(repository: string): readonly HeldPins[] {
    if (this.#last?.repository === repository) return this.#last.held
    const names = [repository, ...spellings(repository, this.#names)]
    const held = this.#all.map(({ pins, installation }) => ({ pins: pins.of(names), installation }))
    this.#last = { repository, held }
    return held
  }
}

interface HeldPins {
  readonly pins: RepositoryPins
  readonly installation: string | undefined
}
