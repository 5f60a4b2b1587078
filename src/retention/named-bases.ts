import { locate, type RegistryNames } from '#inventory/locate.ts'
import { parseReference } from '#inventory/reference.ts'
import { boundTag } from '#retention/bound-tag.ts'
import type { ManifestFacts, RegistryFacts } from '#retention/facts.ts'

/** The digests that the annotations of an image name as its base, as far as the registry has them. */
export function namedBases(facts: RegistryFacts, names: RegistryNames): (image: ManifestFacts) => string[] {
  const repositories = new Map(facts.repositories.map((repository) => [repository.name, repository]))
  // Few bases have many images.
  const known = new Map<string, string | undefined>()
  const digestNamed = (text: string): string | undefined => {
    const reference = parseReference(text)
    const located = reference === undefined ? undefined : locate(reference, names)
    if (located === undefined) return undefined
    const { tag, digest } = located
    const repository = repositories.get(located.repository)
    return digest ?? (repository === undefined ? undefined : boundTag(repository, tag ?? '')?.digest)
  }
  return ({ baseName, baseDigest }) => {
    const found = baseDigest === undefined ? [] : [baseDigest]
    if (baseName === undefined) return found
    if (!known.has(baseName)) known.set(baseName, digestNamed(baseName))
    const named = known.get(baseName)
    return named === undefined ? found : [...found, named]
  }
}
