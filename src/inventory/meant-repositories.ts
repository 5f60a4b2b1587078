import type { Locator } from '#inventory/locate.ts'
import { pathSuffixes } from '#inventory/path-suffixes.ts'
import { type ImageReference, parseReference } from '#inventory/reference.ts'
import type { Salvaged } from '#inventory/salvage.ts'

/**
 * The repositories of any registry in which a name ends (S06), with the host as a part of its path: a mirror of several registries has their hosts in its paths.
 * @returns longest first, of two segments or more
 */
export function endingsOf({ host, repository }: Pick<ImageReference, 'host' | 'repository'>): string[] {
  return pathSuffixes(`${host}/${repository}`)
}

/** Every repository of the registry that a text which is no legal reference may mean (S06). */
export function salvagedRepositories({ host, repository }: Salvaged, locate: Locator): ReadonlySet<string> {
  const written = host === undefined ? repository : `${host}/${repository}`
  const [first = '', ...rest] = repository.split('/')
  const readings = [
    parseReference(written),
    // A host in capitals need not look like one.
    host === undefined && rest.length > 0 ? { host: first, repository: rest.join('/') } : undefined,
  ]
  return new Set([
    ...readings.flatMap((reading) => (reading && locate(reading)?.repository) ?? []),
    ...(host === undefined ? [repository] : []),
    ...pathSuffixes(written),
  ])
}
