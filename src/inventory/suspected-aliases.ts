import { locator, type RegistryNames } from '#inventory/locate.ts'
import { pathSuffixes } from '#inventory/path-suffixes.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** A registry of which the contents are known. */
export interface KnownRegistry {
  /** What the user calls it. */
  readonly name: string
  readonly names: RegistryNames
  readonly repositories: ReadonlySet<string>
}

/** A name under which images of a registry seem to be used and that it does not have (S06); an alias can be written from it. */
export interface SuspectedAlias {
  readonly host: string
  /** What stands before the registry's own path; empty: nothing. */
  readonly prefix: string
  readonly registry: string
  /** One of the images, as written: the first. */
  readonly example: string
  /** How many images in use. */
  readonly images: number
}

/**
 * Images of no registry whose path ends in a repository of one, of two segments or more; the longest such end counts.
 * They count as in use there (in-use-index.ts). Most images first, equal numbers by host, prefix and registry.
 * @param limit no more than this
 */
export function suspectedAliases(
  images: readonly Pick<ImageUse, 'image' | 'reference'>[],
  registries: readonly KnownRegistry[],
  limit: number,
): SuspectedAlias[] {
  const locators = registries.map(({ names }) => locator(names))
  const suspected = new Map<string, SuspectedAlias>()
  for (const { image, reference } of images) {
    if (reference === undefined || locators.some((locate) => locate(reference) !== undefined)) continue
    const { host, repository } = reference
    const ends = pathSuffixes(repository)
    for (const { name: registry, repositories } of registries) {
      const end = ends.find((path) => repositories.has(path))
      if (end === undefined) continue
      const prefix = repository.slice(0, repository.length - end.length).replace(/\/$/, '')
      const key = [host, prefix, registry].join(' ')
      const known = suspected.get(key) ?? { host, prefix, registry, example: image, images: 0 }
      suspected.set(key, { ...known, images: known.images + 1 })
    }
  }
  return [...suspected]
    .sort(([aKey, a], [bKey, b]) => b.images - a.images || (aKey < bKey ? -1 : 1))
    .slice(0, limit)
    .map(([, alias]) => alias)
}
