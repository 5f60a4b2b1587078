import type { UseReason } from '#inventory/in-use-index.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { reasonText } from '#retention/reasons.ts'
import type { RegistryMemory } from '#retention/registry-memory.ts'
import { bindingKey } from '#retention/removals.ts'
import { useReason } from '#retention/use-reason.ts'

/** As long as it has listed no tags, scan after scan, one that had some, or that may be meant by what is in use, is believed to be empty. */
export const BELIEVED_AFTER_MS = 24 * 60 * 60 * 1000

export interface RemovedTag {
  readonly repository: string
  readonly tag: string
  readonly digest: string | undefined
}

/** Why a repository counts as one of which somebody uses, or claims, an image. */
export interface RepositoryUse {
  /** Under a name of the registry, or by a pin that may be its very name; false: only by its path, and another registry may be meant (S06). */
  readonly isNamed: boolean
  readonly reason: UseReason
}

export interface EmptyInput {
  /** What was remembered up to the plan before, of the same registry; undefined: nothing. */
  readonly before: RegistryMemory | undefined
  /** What was to go by the plan before, and what the policy has removed since; undefined: that is not known. */
  readonly went: Iterable<RemovedTag> | undefined
  /** undefined: nobody is known to use it. */
  readonly useOf: (repository: string) => RepositoryUse | undefined
}

/** Facts in which what lists no tags is not taken for empty, and since when that is. */
export interface Doubted {
  readonly facts: RegistryFacts
  /** By name, ms since the epoch; also of what is believed by now. */
  readonly emptySince: ReadonlyMap<string, number>
}

/**
 * A registry that may not be read, or whose storage is away, answers 404, or with an empty list. A repository without tags is incomplete for as long as a name of the registry
 * says that an image of it is in use, and for a day where only its path does, or where it had tags that the policy has not removed (S39).
 */
export function doubtEmpty(facts: RegistryFacts, { before, went, useOf }: EmptyInput): Doubted {
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
    const use = untagged.length === 0 ? useOf(name) : undefined
    if (use?.isNamed === true) return { ...repository, incomplete: whyNamed(use) }
    const lost = lostOf(name)
    if (lost === 0 && use === undefined) return repository
    const since = before?.emptySince?.get(name) ?? facts.readAt
    // Also once it is believed: such a use may go on for years.
    emptySince.set(name, since)
    if (facts.readAt - since >= BELIEVED_AFTER_MS) return repository
    const why = use === undefined || lost > 0 ? whyLost(lost) : whyMeant(use)
    return { ...repository, incomplete: `${why}: it counts as empty from ${believedFrom(since)}` }
  })
  return { facts: { ...facts, repositories }, emptySince }
}

function whyNamed(use: RepositoryUse): string {
  return `it lists no tags, and an image of it is in use (${whoUses(use)}): push that again, or use it no more`
}

function whyMeant(use: RepositoryUse): string {
  return `it lists no tags, and an image of it may be in use (${whoUses(use)})`
}

function whyLost(lost: number): string {
  return `it lists no tags, and had ${lost} ${lost === 1 ? 'tag' : 'tags'} that nobody is known to have removed`
}

function believedFrom(since: number): string {
  return new Date(since + BELIEVED_AFTER_MS).toISOString()
}

function whoUses({ reason }: RepositoryUse): string {
  const said = useReason([reason])
  return said === undefined ? '' : reasonText(said)
}

function* keysOf(removed: Iterable<RemovedTag>): Generator<string> {
  for (const { repository, tag, digest } of removed) yield bindingKey(repository, tag, digest)
}
