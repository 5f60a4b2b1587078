import type { RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import type { RegistryMemory, RepositoryMemory } from '#retention/registry-memory.ts'
import { bindingKey } from '#retention/removals.ts'

/** A tag as it was when it was last seen. */
export interface LostTag {
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

export interface LostOutside {
  readonly count: number
  /** The first few, by repository and tag. */
  readonly first: readonly LostTag[]
}

/** Tags between two steps: some milliseconds. */
const STEP = 16_384
const NAMED = 10

/**
 * Tags that were to stay and are gone, without the policy having removed them (S14), in steps. One that names something else is not lost, and of what was
 * not read in full nothing is known to be.
 * @param before what was remembered up to the plan before, of the same registry
 * @param went what was to go by the plan before, and what the policy has removed since
 */
export function* lostOutside(
  before: RegistryMemory,
  facts: RegistryFacts,
  went: Iterable<Pick<LostTag, 'repository' | 'tag'> & { readonly digest: string | undefined }>,
): Generator<undefined, LostOutside> {
  const seen = new Map(facts.repositories.map((repository) => [repository.name, repository]))
  const lost = new Map<string, LostTag>()
  let count = 0
  for (const [repository, memory] of before.repositories) {
    for (const tag of vanished(repository, memory, facts, seen.get(repository))) {
      if (tag !== undefined) lost.set(bindingKey(repository, tag.tag, tag.digest), tag)
      count += 1
      if (count % STEP === 0) yield
    }
  }
  if (lost.size === 0) return { count: 0, first: [] }
  for (const { repository, tag, digest } of went) {
    lost.delete(bindingKey(repository, tag, digest))
    count += 1
    if (count % STEP === 0) yield
  }
  return { count: lost.size, first: [...lost.values()].slice(0, NAMED) }
}

/** undefined for each tag that is not gone. */
function* vanished(
  repository: string,
  { tags, digests }: RepositoryMemory,
  { incomplete }: RegistryFacts,
  seen: RepositoryFacts | undefined,
): Generator<LostTag | undefined> {
  if ((seen ?? { incomplete }).incomplete !== undefined) return
  const there = seen?.tags ?? []
  let next = 0
  for (const [place, tag] of tags.entries()) {
    while ((there[next]?.tag ?? tag) < tag) next += 1
    const digest = digests[place]
    yield there[next]?.tag === tag || digest === undefined ? undefined : { repository, tag, digest }
  }
}
