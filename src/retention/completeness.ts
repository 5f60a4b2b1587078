import type { BoundManifests } from '#retention/bound-manifests.ts'
import type { RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import type { Pace } from '#time/pace.ts'

/** How much of a registry is known. */
export interface Completeness {
  /** Why not all of the repository is known; undefined: all is. */
  of(repository: string): string | undefined
  /** Every repository was read in full. */
  readonly isWhole: boolean
}

/** In steps. Where something of a repository is unknown, nobody knows what hangs on what in it. */
export function* completeness(
  { repositories, incomplete }: RegistryFacts,
  bound: readonly BoundManifests[],
  pace: Pace,
): Generator<undefined, Completeness> {
  const known = new Map<string, string>()
  for (const [at, repository] of repositories.entries()) {
    const why = repository.incomplete ?? (yield* firstUnknown(repository, bound[at] ?? [], pace))
    if (why !== undefined) known.set(repository.name, why)
  }
  return { of: (name) => known.get(name), isWhole: incomplete === undefined && known.size === 0 }
}

/** What a scan that is complete leaves no room for. */
function* firstUnknown(
  { tags }: RepositoryFacts,
  bound: BoundManifests,
  pace: Pace,
): Generator<undefined, string | undefined> {
  let at = 0
  for (const { tag, digest } of tags) {
    if (digest === undefined) return `what ${tag} names is not known`
    if (bound[at] === undefined) return `the manifest of ${tag} was not read`
    at += 1
    if (pace.isTurnOver()) yield
  }
  return undefined
}
