import { type RegistryObject, type RegistryPolicyObject, specOf } from '#controllers/resources.ts'
import { unlessInvalid } from '#controllers/unless-invalid.ts'
import { globCovers, globsOverlap } from '#crds/glob-overlap.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { comparableHost, type RegistryNames } from '#inventory/locate.ts'
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
  readonly rule: string
  readonly repositories: readonly string[]
  readonly excluded: readonly string[]
}

/** A pattern of a rule, as it is written. */
interface Claim {
  readonly rule: string
  readonly pattern: string
}

/** Why two policies may delete from the same repositories. */
type Overlap =
  | { readonly kind: 'patterns'; readonly first: Claim; readonly second: Claim }
  | { readonly kind: 'names' | 'size' }

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
      const overlap = overlapOf(policy, other)
      if (overlap === undefined) continue
      if (!found.has(policy.key)) found.set(policy.key, message(policy, other, overlap))
      if (!found.has(other.key)) found.set(other.key, message(other, policy, turned(overlap)))
    }
  }
  return found
}

function turned(overlap: Overlap): Overlap {
  return overlap.kind === 'patterns' ? { ...overlap, first: overlap.second, second: overlap.first } : overlap
}

function message(mine: Acting, other: Acting, overlap: Overlap): string {
  const who = `RegistryPolicy ${other.key} of Registry ${placeText(other)} may delete from the same repositories as this one of Registry ${placeText(mine)}`
  const stop = `set spec.mode: DryRun or spec.suspend: true in ${other.key} or here`
  switch (overlap.kind) {
    case 'names':
      return `${who}: one registry is another name of the other, and has a path, so that it cannot be told which repositories are the same. Let both policies name one Registry, or ${stop}`
    case 'size':
      return `${who}: they have too many patterns to be told apart. Name fewer in spec.rules[].repositories, or ${stop}`
    case 'patterns': {
      const { first, second } = overlap
      return `${who}: rule ${first.rule} here is about ${first.pattern}, and rule ${second.rule} there about ${second.pattern}. Exclude the one pattern from the other rule (excludeRepositories), or ${stop}`
    }
  }
}

/** `main (r.example/team)`. */
function placeText({ registry, names }: Acting): string {
  return `${registry} (${names.host}/${pathOf(names)})`.replace(/\/\)$/, ')')
}

/** undefined: it deletes nothing, or says elsewhere what is wrong with it. */
function actingPolicy(
  policy: RegistryPolicyObject,
  registries: Pick<ObjectStore<RegistryObject>, 'get'>,
): Acting | undefined {
  if (policy.metadata.deletionTimestamp !== undefined) return undefined
  return unlessInvalid(() => {
    const { mode, suspend, rules, registryRef } = specOf(RegistryPolicySpec, policy)
    if (mode === 'DryRun' || suspend) return undefined
    const { namespace = '' } = policy.metadata
    const registry = registries.get(`${namespace}/${registryRef.name}`)
    if (registry === undefined) return undefined
    const scopes = rules.map(({ name, repositories, excludeRepositories = [] }) => ({
      ...{ rule: name, repositories },
      excluded: excludeRepositories,
    }))
    const patterns = scopes.flatMap(({ repositories, excluded }) => [...repositories, ...excluded])
    return {
      ...{ key: keyOf(policy), registry: registry.metadata.name, scopes, size: patterns.join('').length },
      names: registryNames(specOf(RegistrySpec, registry), namespace),
    }
  })
}

/** Why both may delete from the same repository; undefined: they do not. */
function overlapOf(a: Acting, b: Acting): Overlap | undefined {
  const place = placesOf(a.names, b.names)
  if (place === 'apart') return undefined
  if (place === 'unknown') return { kind: 'names' }
  if (a.size * b.size > MOST_WORK) return { kind: 'size' }
  for (const mine of a.scopes)
    for (const theirs of b.scopes) {
      const common = commonOf(place, mine, theirs)
      if (common !== undefined) return common
    }
  return undefined
}

function commonOf(
  { first, second }: { readonly first: string; readonly second: string },
  mine: Scope,
  theirs: Scope,
): Overlap | undefined {
  const excluded = [
    ...mine.excluded.map((each) => first + each),
    ...theirs.excluded.map((each) => second + each),
  ]
  for (const a of mine.repositories)
    for (const b of theirs.repositories) {
      const isExcluded = excluded.some((each) => globCovers(each, first + a) || globCovers(each, second + b))
      if (isExcluded || !globsOverlap(first + a, second + b)) continue
      return {
        kind: 'patterns',
        first: { rule: mine.rule, pattern: a },
        second: { rule: theirs.rule, pattern: b },
      }
    }
  return undefined
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
  return aliases.some(
    (alias) =>
      comparableHost(alias.host) === comparableHost(host) && pathOf({ pathPrefix: alias.prefix }) === '',
  )
}

/** `team/`, or empty. */
function pathOf({ pathPrefix = '' }: Pick<RegistryNames, 'pathPrefix'>): string {
  const path = pathPrefix.replace(/^\/+|\/+$/g, '')
  return path === '' ? '' : `${path}/`
}
