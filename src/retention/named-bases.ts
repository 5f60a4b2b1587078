import { locate, type RegistryNames } from '#inventory/locate.ts'
import { parseReference } from '#inventory/reference.ts'
import type { ManifestFacts, RegistryFacts, TagFacts } from '#retention/facts.ts'

/** The digests that the annotations of an image name as its base, as far as the registry has them. */
export function namedBases(facts: RegistryFacts, names: RegistryNames): (image: ManifestFacts) => string[] {
  const repositories = new Map(facts.repositories.map((repository) => [repository.name, repository]))
  // Few bases have many images.
  const known = new Map<string, string | undefined>()
  const digestNamed = (text: string): string | undefined => {
    const reference = parseReference(text)
    const located = reference === undefined ? undefined : locate(reference, names)
    if (located === undefined) return undefined
    const { repository, tag, digest } = located
    return digest ?? digestOf(repositories.get(repository)?.tags ?? [], tag ?? '')
  }
  return ({ baseName, baseDigest }) => {
    const found = baseDigest === undefined ? [] : [baseDigest]
    if (baseName === undefined) return found
    if (!known.has(baseName)) known.set(baseName, digestNamed(baseName))
    const named = known.get(baseName)
    return named === undefined ? found : [...found, named]
  }
}

/** In sorted tags. */
function digestOf(tags: readonly TagFacts[], tag: string): string | undefined {
  let from = 0
  let to = tags.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((tags[middle]?.tag ?? '') < tag) from = middle + 1
    else to = middle
  }
  return tags[from]?.tag === tag ? tags[from]?.digest : undefined
}
