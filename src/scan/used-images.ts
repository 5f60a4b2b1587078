import type { ClaimedImage, KnownUsage, UseReason } from '#inventory/in-use-index.ts'
import { type Locator, locator, type RegistryNames } from '#inventory/locate.ts'
import { endingsOf, salvagedRepositories } from '#inventory/meant-repositories.ts'
import { parsePin } from '#inventory/pin.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'
import { type Salvaged, salvage } from '#inventory/salvage.ts'
import type { Match } from '#inventory/usage-lookup.ts'
import type { RepositoryUse } from '#retention/emptied-repositories.ts'

/** What may be in use of the repositories of one registry, whether it has them or not. */
export interface UsedImages {
  /** Of manifests: as references name them or as they run. */
  digests(repository: string): Iterable<string>
  /** Those that references name. */
  tags(repository: string): Iterable<string>
  /** The first that speaks of the repository, one that names it before all others; undefined: nothing does. */
  useOf(repository: string): RepositoryUse | undefined
}

/**
 * What is in use, was lately, is pinned, or is claimed by others. A reference to another host speaks of every repository in whose path it ends, its host included, and what is no
 * reference of whatever it may mean (S06): an image counts as in use by that (`UsageLookup`), so what it contains has to be read. A reference to this registry speaks of one repository
 * only: to look for its images in all whose path it ends in takes too many requests.
 */
export function usedImages({ snapshots, claims = [] }: KnownUsage, names: RegistryNames): UsedImages {
  const found = new ImagesByPath(names)
  for (const { images, remembered, pins } of snapshots) {
    for (const use of images) found.add(use, use.runningDigests, (kind) => ({ kind, use }))
    for (const each of remembered)
      found.add(each, each.digests, (match) => ({ kind: 'remembered', match, remembered: each }))
    for (const pin of pins.texts) found.addPin(pin)
  }
  for (const { images, pins, installation } of claims) {
    for (const image of images) found.addClaimed({ installation, image })
    for (const pin of pins) found.addPin(pin, installation)
  }
  return found
}

interface WrittenImage {
  readonly image: string
  readonly reference: ImageReference | undefined
}

interface Images {
  use: RepositoryUse
  readonly digests: Set<string>
  readonly tags: Set<string>
}

class ImagesByPath implements UsedImages {
  readonly #locate: Locator
  readonly #images = new Map<string, Images>()

  constructor(names: RegistryNames) {
    this.#locate = locator(names)
  }

  addClaimed(claimed: ClaimedImage): void {
    const { image } = claimed
    const reference = parseReference(image)
    this.add({ image, reference }, [], (match) => ({ kind: 'claimed', match, claimed }))
  }

  addPin(pin: string, installation?: string): void {
    const read = parsePin(pin)
    const named = 'problem' in read ? [] : read.names
    const reference = parseReference(pin)
    this.add({ image: pin, reference }, [], () => ({ kind: 'pinned', pin, installation }), named)
  }

  /** @param named what a pin may name: a repository of the registry also by the host with which its path begins */
  add(
    { image, reference }: WrittenImage,
    digests: readonly string[],
    reasonBy: (match: Match) => UseReason,
    named: readonly string[] = [],
  ): void {
    const located = reference === undefined ? undefined : this.#locate(reference)
    const meant = located ?? reference ?? salvage(image)
    if (meant === undefined) return
    const { repository, tag, digest } = meant
    const elsewhere = reference === undefined ? 'salvaged' : 'suspected-alias'
    const reason = reasonBy(located === undefined ? elsewhere : 'reference')
    for (const path of located === undefined ? this.#mayMean(meant, reference) : [repository]) {
      const use = { isNamed: located !== undefined || named.includes(path), reason }
      const known = this.#images.get(path) ?? { use, digests: new Set(), tags: new Set() }
      this.#images.set(path, known)
      if (use.isNamed && !known.use.isNamed) known.use = use
      for (const each of digests) known.digests.add(each)
      if (digest !== undefined) known.digests.add(digest)
      // Where both are written, a runtime pulls by digest.
      else if (tag !== undefined) known.tags.add(tag)
    }
  }

  #mayMean(meant: Salvaged, reference: ImageReference | undefined): Iterable<string> {
    const ends = reference === undefined ? salvagedRepositories(meant, this.#locate) : endingsOf(reference)
    return new Set([meant.repository, ...ends])
  }

  digests(repository: string): Iterable<string> {
    return this.#images.get(repository)?.digests ?? []
  }

  tags(repository: string): Iterable<string> {
    return this.#images.get(repository)?.tags ?? []
  }

  useOf(repository: string): RepositoryUse | undefined {
    return this.#images.get(repository)?.use
  }
}
