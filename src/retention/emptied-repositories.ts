import type { RegistryFacts } from '#retention/facts.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'
import { bindingKey } from '#retention/removals.ts'

/** As long as it has listed no tags, scan after scan, one that had some is believed to be empty. */
export const BELIEVED_AFTER_MS = 24 * 60 * 60 * 1000

export interface RemovedTag {
  readonly repository: string
  readonly tag: string
  readonly digest: string | undefined
}

export interface EmptyInput {
  /** What was remembered up to the plan before, of the same registry; undefined: nothing. */
  readonly before: RegistryMemory | undefined
  /** What was to go by the plan before, and what the policy has removed since; undefined: that is not known. */
  readonly went: Iterable<RemovedTag> | undefined
  /** Whether somebody uses, or claims, an image of it. */
  readonly isUsed: (repository: string) => boolean
}

/** Facts in which what lists no tags is not taken for empty, and since when that is. */
export interface Doubted {
  readonly facts: RegistryFacts
  /** By name, ms since the epoch. */
  readonly emptySince: ReadonlyMap<string, number>
}

/**
 * A registry that may not be read, or whose storage is away, answers 404, or with an empty list. A repository without tags is incomplete where an image of it is in use,
 * and for a day where it had tags that the policy has not removed (S39).
 */
export function doubtEmpty(facts: RegistryFacts, { before, went, isUsed }: EmptyInput): Doubted {
  const emptySince = new Map<string, number>()
  let removed: ReadonlySet<string> | undefined
  const lostOf = (name: string) => {
    const { tags = [], digests = [] } = before?.repositories.get(name) ?? {}
    if (tags.length === 0) return 0
    const gone = removed ?? new Set(keysOf(went ?? []))
    removed = gone
    return tags.filter((tag, place) => !gone.has(bindingKey(name, tag, digests[place]))).length
  }
  const repositories = facts.repositories.map((repository) => {
    const { name, tags, untagged, incomplete } = repository
    if (tags.length > 0 || incomplete !== undefined) return repository
    if (untagged.length === 0 && isUsed(name))
      return { ...repository, incomplete: 'it lists no tags, and an image of it is in use' }
    const lost = lostOf(name)
    if (lost === 0) return repository
    const since = before?.emptySince?.get(name) ?? facts.readAt
    if (facts.readAt - since >= BELIEVED_AFTER_MS) return repository
    emptySince.set(name, since)
    const had = `${lost} ${lost === 1 ? 'tag' : 'tags'} that nobody is known to have removed`
    return { ...repository, incomplete: `it lists no tags, and had ${had}` }
  })
  return { facts: { ...facts, repositories }, emptySince }
}

function* keysOf(removed: Iterable<RemovedTag>): Generator<string> {
  for (const { repository, tag, digest } of removed) yield bindingKey(repository, tag, digest)
}
