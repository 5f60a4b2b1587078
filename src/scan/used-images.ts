import type { KnownUsage } from '#inventory/in-use-index.ts'
import { type Located, locator, type RegistryNames } from '#inventory/locate.ts'
import { pathSuffixes } from '#inventory/path-suffixes.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'
import { salvage } from '#inventory/salvage.ts'

/** What may be in use of the repositories of one registry, whether it has them or not. */
export interface UsedImages {
  /** Of manifests: as references name them or as they run. */
  digests(repository: string): Iterable<string>
  /** Those that references name. */
  tags(repository: string): Iterable<string>
  /** Whether there is any of either. */
  has(repository: string): boolean
}

/**
 * What is in use, was lately, is pinned, or is claimed by others. A reference to another host, or what is no reference at all, speaks of every repository in whose path
 * it ends (S06).
 */
export function usedImages({ snapshots, claims = [] }: KnownUsage, names: RegistryNames): UsedImages {
  const found = new ImagesByPath(names)
  for (const { images, remembered, pins } of snapshots) {
    for (const { image, reference, runningDigests } of images) found.add(image, reference, runningDigests)
    for (const { image, reference, digests } of remembered) found.add(image, reference, digests)
    for (const pin of pins.texts) found.add(pin, parseReference(pin), [])
  }
  for (const { images, pins } of claims)
    for (const text of [...images, ...pins]) found.add(text, parseReference(text), [])
  return found
}

interface Images {
  readonly digests: Set<string>
  readonly tags: Set<string>
}

class ImagesByPath implements UsedImages {
  readonly #locate: (reference: ImageReference) => Located | undefined
  readonly #images = new Map<string, Images>()

  constructor(names: RegistryNames) {
    this.#locate = locator(names)
  }

  add(image: string, reference: ImageReference | undefined, digests: readonly string[]): void {
    const located = reference === undefined ? undefined : this.#locate(reference)
    const meant = located ?? reference ?? salvage(image)
    if (meant === undefined) return
    const { repository, tag, digest } = meant
    const paths = located === undefined ? [repository, ...pathSuffixes(repository)] : [repository]
    for (const path of paths) {
      const known = this.#images.get(path) ?? { digests: new Set(), tags: new Set() }
      this.#images.set(path, known)
      for (const each of digests) known.digests.add(each)
      if (digest !== undefined) known.digests.add(digest)
      // Where both are written, a runtime pulls by digest.
      else if (tag !== undefined) known.tags.add(tag)
    }
  }

  digests(repository: string): Iterable<string> {
    return this.#images.get(repository)?.digests ?? []
  }

  tags(repository: string): Iterable<string> {
    return this.#images.get(repository)?.tags ?? []
  }

  has(repository: string): boolean {
    return this.#images.has(repository)
  }
}
