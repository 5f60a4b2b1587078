import { hasCode } from '#catalogue/error.ts'
import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { globCovers, globsOverlap } from '#crds/glob-overlap.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { registryNames } from '#inventory/registry-names.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

/** Comparing takes time in proportion to the product of the lengths of all patterns; what would take longer counts as a conflict. */
const MOST_WORK = 20_000_000

/** A policy that deletes, and what its rules are about. */
interface Acting {
  readonly key: string
  readonly registry: string
  readonly names: RegistryNames
  readonly scopes: readonly Scope[]
  /** Characters of all patterns. */
  readonly size: number
}

/** Of one rule, below the URL of its registry. */
interface Scope {
  readonly repositories: readonly string[]
  readonly excluded: readonly string[]
}

/**
 * Which policies may delete from the same repository: each would take for lost what the other removes (S01). Only those of mode Approve or Enforce count that are neither
 * suspended nor being deleted: a plan alone harms nobody. Where it cannot be excluded, it is a conflict.
 * @returns by `namespace/name`, what to say of it and of whom
 */
export function policyConflicts(
  policies: readonly RegistryPolicyObject[],
  registries: Pick<ObjectStore<RegistryObject>, 'get'>,
): ReadonlyMap<string, string> {
  const acting = policies.flatMap((policy) => actingPolicy(policy, registries) ?? [])
  acting.sort((a, b) => (a.key < b.key ? -1 : 1))
  const found = new Map<string, string>()
  for (const [at, policy] of acting.entries()) {
    for (const other of acting.slice(at + 1)) {
      const common = commonPatterns(policy, other)
      if (common === undefined) continue
      for (const [one, two] of [
        [policy, other],
        [other, policy],
      ] as const) {
        if (!found.has(one.key)) found.set(one.key, message(one, two, common))
      }
    }
  }
  return found
}

function message({ registry }: Acting, other: Acting, common: string): string {
  return `RegistryPolicy ${other.key} of Registry ${other.registry} may delete from the same repositories as this one of Registry ${registry}: ${common}. Let spec.rules be about different repositories (repositories, excludeRepositories), or suspend one of the two`
}

/** undefined: it deletes nothing, or says elsewhere what is wrong with it. */
function actingPolicy(
  policy: RegistryPolicyObject,
  registries: Pick<ObjectStore<RegistryObject>, 'get'>,
): Acting | undefined {
  if (policy.metadata.deletionTimestamp !== undefined) return undefined
  try {
    const { mode, suspend, rules, registryRef } = specOf(RegistryPolicySpec, policy)
    if (mode === 'DryRun' || suspend) return undefined
    const { namespace = '' } = policy.metadata
    const registry = registries.get(`${namespace}/${registryRef.name}`)
    if (registry === undefined) return undefined
    const scopes = rules.map(({ repositories, excludeRepositories = [] }) => ({
      repositories,
      excluded: excludeRepositories,
    }))
    const patterns = scopes.flatMap(({ repositories, excluded }) => [...repositories, ...excluded])
    return {
      ...{ key: keyOf(policy), registry: registry.metadata.name, scopes, size: patterns.join('').length },
      names: registryNames(specOf(RegistrySpec, registry), namespace),
    }
  } catch (error) {
    if (hasCode(error, 'SPEC_INVALID')) return undefined
    throw error
  }
}

/** For people, what both may be about; undefined: nothing. */
function commonPatterns(a: Acting, b: Acting): string | undefined {
  const place = placesOf(a.names, b.names)
  if (place === 'apart') return undefined
  if (place === 'unknown') return 'one of the two registries is another name of the other'
  if (a.size * b.size > MOST_WORK) return 'they have too many patterns to be told apart'
  for (const mine of a.scopes)
    for (const theirs of b.scopes) {
      const common = commonOf(below(place.first, mine), below(place.second, theirs))
      if (common !== undefined) return common
    }
  return undefined
}

function commonOf(mine: Scope, theirs: Scope): string | undefined {
  for (const a of mine.repositories)
    for (const b of theirs.repositories) {
      const isExcluded =
        theirs.excluded.some((each) => globCovers(each, a) || globCovers(each, b)) ||
        mine.excluded.some((each) => globCovers(each, a) || globCovers(each, b))
      if (!isExcluded && globsOverlap(a, b)) return `${a} and ${b}`
    }
  return undefined
}

function below(path: string, { repositories, excluded }: Scope): Scope {
  const placed = (pattern: string) => path + pattern
  return { repositories: repositories.map(placed), excluded: excluded.map(placed) }
}

/** What the paths of the repositories of two registries begin with in the backend that both are. */
function placesOf(
  a: RegistryNames,
  b: RegistryNames,
): { readonly first: string; readonly second: string } | 'apart' | 'unknown' {
  const [first, second] = [pathOf(a), pathOf(b)]
  if (a.host === b.host) return { first, second }
  if (!isNamedBy(a, b) && !isNamedBy(b, a)) return 'apart'
  return first === '' && second === '' ? { first, second } : 'unknown'
}

/** The whole of it: with a prefix it is a place in something else. */
function isNamedBy({ host }: RegistryNames, { aliases }: RegistryNames): boolean {
  return aliases.some((alias) => alias.host === host && alias.prefix === undefined)
}

/** `team/`, or empty. */
function pathOf({ pathPrefix = '' }: RegistryNames): string {
  const path = pathPrefix.replace(/^\/+|\/+$/g, '')
  return path === '' ? '' : `${path}/`
}
