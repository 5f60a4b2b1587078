import type { ManifestFacts, RegistryFacts } from '#retention/facts.ts'
import type { Pace } from '#time/pace.ts'

/** What the tags of a repository name, in their order; undefined: that is not known, or was not read. */
export type BoundManifests = readonly (ManifestFacts | undefined)[]

/**
 * One for each repository, in the order of the facts; in steps. A plan walks over all tags many times, and to find a manifest among some hundred thousand takes longer than what
 * most walks do with it.
 */
export function* boundManifests(
  { repositories, manifests }: Pick<RegistryFacts, 'repositories' | 'manifests'>,
  pace: Pace,
): Generator<undefined, BoundManifests[]> {
  const all: BoundManifests[] = []
  for (const { tags } of repositories) {
    const bound: (ManifestFacts | undefined)[] = []
    for (const { digest } of tags) {
      bound.push(digest === undefined ? undefined : manifests.get(digest))
      if (pace.isTurnOver()) yield
    }
    all.push(bound)
  }
  return all
}
