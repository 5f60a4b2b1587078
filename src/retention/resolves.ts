import type { Located } from '#inventory/locate.ts'
import type { RegistryFacts } from '#retention/facts.ts'

/** Whether the registry is known to have an image: by its tag, or by a digest that the scan read in any repository. */
export function resolves({ repositories, manifests }: RegistryFacts): (image: Located) => boolean {
  const byName = new Map(repositories.map((repository) => [repository.name, repository]))
  const tags = new Map<string, ReadonlySet<string>>()
  return ({ repository, tag, digest }) => {
    if (digest !== undefined) return manifests.has(digest)
    const found = tags.get(repository) ?? new Set(byName.get(repository)?.tags.map((each) => each.tag))
    tags.set(repository, found)
    return tag !== undefined && found.has(tag)
  }
}
