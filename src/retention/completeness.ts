import type { RegistryFacts, RepositoryFacts } from '#retention/facts.ts'

/** How much of a registry is known. */
export interface Completeness {
  /** Why not all of the repository is known; undefined: all is. */
  of(repository: string): string | undefined
  /** Every repository was read in full. */
  readonly isWhole: boolean
}

/** Where something of a repository is unknown, nobody knows what hangs on what in it. */
export function completeness({ repositories, manifests, incomplete }: RegistryFacts): Completeness {
  const known = new Map<string, string>()
  for (const repository of repositories) {
    const why = repository.incomplete ?? firstUnknown(repository, manifests)
    if (why !== undefined) known.set(repository.name, why)
  }
  return { of: (name) => known.get(name), isWhole: incomplete === undefined && known.size === 0 }
}

/** What a scan that is complete leaves no room for. */
function firstUnknown({ tags }: RepositoryFacts, manifests: RegistryFacts['manifests']): string | undefined {
  for (const { tag, digest } of tags) {
    if (digest === undefined) return `what ${tag} names is not known`
    if (!manifests.has(digest)) return `the manifest of ${tag} was not read`
  }
  return undefined
}
