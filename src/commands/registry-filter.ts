import { comparableHost } from '#inventory/locate.ts'
import { canonicalHost, isHost, isRepository } from '#inventory/reference.ts'
import { salvage } from '#inventory/salvage.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

/** A registry, or what lies in it at or below a path. */
export interface RegistryFilter {
  readonly host: string
  /** Empty: everything. */
  readonly path: string
}

/** Reads `host[:port][/path]`. @returns undefined where it is none */
export function parseRegistryFilter(text: string): RegistryFilter | undefined {
  const [written = '', ...rest] = text.replace(/\/+$/, '').split('/')
  const path = rest.join('/')
  if (!isHost(written) || (path !== '' && !isRepository(path))) return undefined
  return { host: comparableHost(canonicalHost(written)), path }
}

/**
 * Whether the image lies there. Of a text that is no legal reference it is enough that it seems to mean the place.
 * Another name of the same registry is not known here.
 */
export function liesIn({ host, path }: RegistryFilter, { image, reference }: ImageUse): boolean {
  const { host: named, repository = '' } = reference ?? salvage(image) ?? {}
  if (named === undefined || comparableHost(named) !== host) return false
  return path === '' || repository === path || repository.startsWith(`${path}/`)
}

/** Nobody can say where it lies. */
export function isPlaceless({ image, reference }: ImageUse): boolean {
  return reference === undefined && salvage(image)?.host === undefined
}
