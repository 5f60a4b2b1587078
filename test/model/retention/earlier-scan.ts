import type { RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import type { Dice } from '../../soak/dice.ts'

/** A repository that is not there any more. */
const GONE = 'old/gone'

/**
 * What an earlier scan of the registry may have seen: some tags named something else, some were not there yet, and some that were are gone by now.
 * @param readAt when it was made, ms since the epoch
 */
export function earlierScan(facts: RegistryFacts, readAt: number, dice: Dice): RegistryFacts {
  const repositories = facts.repositories.map((repository) => earlierRepository(repository, dice))
  const [first] = repositories
  if (first !== undefined && dice.chance(0.3))
    repositories.push({ ...first, name: GONE, incomplete: undefined })
  repositories.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { ...facts, readAt, repositories }
}

function earlierRepository(
  { name, incomplete, tags, untagged }: RepositoryFacts,
  dice: Dice,
): RepositoryFacts {
  const earlier: TagFacts[] = []
  for (const { tag, digest } of tags) {
    if (dice.chance(0.05)) continue
    const other = dice.chance(0.4) ? dice.of(tags).digest : digest
    earlier.push(undated(tag, other))
  }
  if (dice.chance(0.5)) earlier.push(undated('gone', dice.of(tags).digest))
  earlier.sort((a, b) => (a.tag < b.tag ? -1 : 1))
  const named = new Set(earlier.map(({ digest }) => digest))
  const there = new Set([...untagged, ...tags.flatMap(({ digest }) => digest ?? [])])
  return { name, incomplete, tags: earlier, untagged: [...there].filter((digest) => !named.has(digest)) }
}

function undated(tag: string, digest: string | undefined): TagFacts {
  return { tag, digest, digestSince: undefined, boundSince: undefined }
}
