import type { Located } from '#inventory/locate.ts'
import { boundTag } from '#retention/bound-tag.ts'
import type { RegistryFacts } from '#retention/facts.ts'

/** Whether the registry is known to have an image: by its tag, or by a digest that the scan read in any repository. */
export function resolves({ repositories, manifests }: RegistryFacts): (image: Located) => boolean {
  const byName = new Map(repositories.map((repository) => [repository.name, repository]))
  return ({ repository, tag, digest }) => {
    if (digest !== undefined) return manifests.has(digest)
    const facts = byName.get(repository)
    return facts !== undefined && tag !== undefined && boundTag(facts, tag) !== undefined
  }
}
