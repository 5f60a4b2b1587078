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
  { repositories, manifests, incomplete }: RegistryFacts,
  pace: Pace,
): Generator<undefined, Completeness> {
  const known = new Map<string, string>()
  for (const repository of repositories) {
    const why = repository.incomplete ?? (yield* firstUnknown(repository, manifests, pace))
    if (why !== undefined) known.set(repository.name, why)
  }
  return { of: (name) => known.get(name), isWhole: incomplete === undefined && known.size === 0 }
}

/** What a scan that is complete leaves no room for. */
function* firstUnknown(
  { tags }: RepositoryFacts,
  manifests: RegistryFacts['manifests'],
  pace: Pace,
): Generator<undefined, string | undefined> {
  for (const { tag, digest } of tags) {
    if (digest === undefined) return `what ${tag} names is not known`
    if (!manifests.has(digest)) return `the manifest of ${tag} was not read`
    if (pace.isTurnOver()) yield
  }
  return undefined
}
