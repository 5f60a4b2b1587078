import { type Located, locator, type RegistryNames } from '#inventory/locate.ts'
import { pathSuffixes } from '#inventory/path-suffixes.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'
import { salvage } from '#inventory/salvage.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'

/** Digests of manifests that may be in use in a repository of one registry. */
export type UsedDigests = (repository: string) => Iterable<string>

/**
 * The digests that are in use, were lately, or are pinned: as references name them or as they run. A reference to another host, or what is
 * no reference at all, speaks of every repository in whose path it ends (S06).
 */
export function usedDigests(
  snapshots: readonly Pick<InventorySnapshot, 'images' | 'remembered' | 'pins'>[],
  names: RegistryNames,
): UsedDigests {
  const found = new DigestsByPath(names)
  for (const { images, remembered, pins } of snapshots) {
    for (const { image, reference, runningDigests } of images) found.add(image, reference, runningDigests)
    for (const { image, reference, digests } of remembered) found.add(image, reference, digests)
    for (const pin of pins.texts) found.add(pin, parseReference(pin), [])
  }
  return (repository) => found.of(repository)
}

class DigestsByPath {
  readonly #locate: (reference: ImageReference) => Located | undefined
  readonly #digests = new Map<string, Set<string>>()

  constructor(names: RegistryNames) {
    this.#locate = locator(names)
  }

  add(image: string, reference: ImageReference | undefined, digests: readonly string[]): void {
    const located = reference === undefined ? undefined : this.#locate(reference)
    const meant = located ?? reference ?? salvage(image)
    if (meant === undefined) return
    const all = meant.digest === undefined ? digests : [meant.digest, ...digests]
    const paths =
      located === undefined ? [meant.repository, ...pathSuffixes(meant.repository)] : [located.repository]
    if (all.length === 0) return
    for (const path of paths) {
      const known = this.#digests.get(path) ?? new Set()
      this.#digests.set(path, known)
      for (const digest of all) known.add(digest)
    }
  }

  of(repository: string): Iterable<string> {
    return this.#digests.get(repository) ?? []
  }
}
