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

/** Where a reference lies in one registry; undefined: in another. */
export type Locator = (reference: ImageReference) => Located | undefined

/** A name of a registry, in comparable spelling and without slashes at the ends. */
interface Name {
  readonly host: string
  readonly prefix: string
  readonly replaceWith: string
}

/**
 * Where `reference` lies in the registry with these names; undefined: in another registry. Of several names that
 * match, the one with the longest prefix wins, then the registry's own, then the first alias.
 */
export function locate(reference: ImageReference, names: RegistryNames): Located | undefined {
  return locator(names)(reference)
}

/** Names are immutable: what was made of an object holds for as long as there is the object. */
const locators = new WeakMap<RegistryNames, Locator>()

/** `locate` for many references: a reference to another host costs one look-up. */
export function locator(names: RegistryNames): Locator {
  const known = locators.get(names)
  if (known !== undefined) return known
  const made = makeLocator(names)
  locators.set(names, made)
  return made
}

function makeLocator(names: RegistryNames): Locator {
  const byHost = new Map<string, Name[]>()
  for (const name of namesOf(names)) {
    const sameHost = byHost.get(name.host)
    if (sameHost === undefined) byHost.set(name.host, [name])
    else sameHost.push(name)
  }
  for (const sameHost of byHost.values()) sameHost.sort((a, b) => b.prefix.length - a.prefix.length)
  return (reference) => {
    for (const name of byHost.get(comparableHost(reference.host)) ?? []) {
      const rest = below(reference.repository, name.prefix)
      if (rest !== undefined) return located(joinPath(name.replaceWith, rest), reference)
    }
    return undefined
  }
}

/**
 * Every `host/path` that pods may write for `repository` of the registry with these names; one that is longer than a
 * name of another place of the registry is among them too.
 */
export function spellings(repository: string, names: RegistryNames): string[] {
  return namesOf(names).flatMap(({ host, prefix, replaceWith }) => {
    const rest = below(repository, replaceWith)
    const path = rest === undefined ? '' : joinPath(prefix, rest)
    return path === '' ? [] : [`${host}/${path}`]
  })
}

function namesOf({ host, pathPrefix, aliases }: RegistryNames): Name[] {
  return [{ host, prefix: pathPrefix }, ...aliases].map((alias: RegistryAlias) => ({
    host: comparableHost(alias.host),
    prefix: trimSlashes(alias.prefix ?? ''),
    replaceWith: trimSlashes(alias.replaceWith ?? ''),
  }))
}

function located(repository: string, { tag, digest }: ImageReference): Located | undefined {
  if (repository === '') return undefined
  return {
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/**
 * One spelling for what is the same address: a URL leaves the default port of its scheme out where a reference may
 * write it, and IPv6 addresses have many spellings.
 */
export function comparableHost(host: string): string {
  const withoutPort = host.replace(/:(?:80|443)$/, '')
  const address = withoutPort.startsWith('[') ? URL.parse(`http://${withoutPort}`)?.host : undefined
  return canonicalHost(address ?? withoutPort)
}

/** What is left of `path` below `prefix`, on a border of segments; undefined where it does not lie there. */
function below(path: string, prefix: string): string | undefined {
  if (prefix === '') return path
  if (path === prefix) return ''
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined
}

function joinPath(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first}/${second}`
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+/, '').replace(/(?<!\/)\/+$/, '')
}
