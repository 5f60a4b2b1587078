import { canonicalHost, type ImageReference } from '#inventory/reference.ts'

/** Another name that pods use for a registry (S06). */
export interface RegistryAlias {
  readonly host: string
  /** Only repositories at or below this path are meant; absent or empty: all of the host. */
  readonly prefix?: string | undefined
  /** What stands in place of the prefix in the registry; absent: nothing. */
  readonly replaceWith?: string | undefined
}

/** Every name of one registry. */
export interface RegistryNames {
  /** Host of its URL, with the port where one is written. */
  readonly host: string
  /** Path of its URL: repositories of the registry are those below it. */
  readonly pathPrefix?: string | undefined
  readonly aliases: readonly RegistryAlias[]
}

/** An image as the registry itself names it; `repository` is relative to the registry's URL. */
export interface Located {
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
}

/**
 * Where `reference` lies in the registry with these names; undefined: in another registry. Of several names that
 * match, the one with the longest prefix wins, then the registry's own, then the first alias.
 */
export function locate(reference: ImageReference, names: RegistryNames): Located | undefined {
  const own: RegistryAlias = { host: names.host, prefix: names.pathPrefix }
  let best: { rest: string; depth: number; alias: RegistryAlias } | undefined
  for (const alias of [own, ...names.aliases]) {
    if (canonicalHost(alias.host) !== canonicalHost(reference.host)) continue
    const prefix = trimSlashes(alias.prefix ?? '')
    const rest = below(reference.repository, prefix)
    if (rest !== undefined && (best === undefined || prefix.length > best.depth)) {
      best = { rest, depth: prefix.length, alias }
    }
  }
  if (best === undefined) return undefined
  const repository = [trimSlashes(best.alias.replaceWith ?? ''), best.rest]
    .filter((part) => part !== '')
    .join('/')
  if (repository === '') return undefined
  return {
    repository,
    ...(reference.tag === undefined ? {} : { tag: reference.tag }),
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  }
}

/** What is left of `path` below `prefix`, on a border of segments; undefined where it does not lie there. */
function below(path: string, prefix: string): string | undefined {
  if (prefix === '') return path
  if (path === prefix) return ''
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+/, '').replace(/(?<!\/)\/+$/, '')
}
