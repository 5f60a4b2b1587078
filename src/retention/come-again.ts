import { boundTag } from '#retention/bound-tag.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { Pace } from '#time/pace.ts'

/** What a policy took away itself. */
export interface TakenAway {
  readonly repository: string
  /** Without one: a manifest by its digest. */
  readonly tag?: string | undefined
  readonly digest: string | undefined
  /** When it was gone, ms since the epoch. */
  readonly at: number
}

/** Tags that are listed again with what they named when the policy took them away, by repository: when they went last, ms since the epoch. */
export type ComeAgain = ReadonlyMap<string, ReadonlyMap<string, number>>

/**
 * Finds them, in steps. That a scan sees a binding as the one before did says that it was there all the time only where nobody has removed it in between: of what it has
 * removed itself the policy knows better. What somebody has pushed again is young, and nobody has agreed to it (S10, S13).
 */
export function* comeAgain(
  { repositories }: Pick<RegistryFacts, 'repositories'>,
  taken: Iterable<TakenAway>,
): Generator<undefined, ComeAgain> {
  const pace = new Pace()
  const names = new Map(repositories.map((repository, at) => [repository.name, at]))
  const again = new Map<string, Map<string, number>>()
  for (const { repository, tag, digest, at } of taken) {
    if (pace.isTurnOver()) yield
    const listed = repositories[names.get(repository) ?? -1]
    if (tag === undefined || listed === undefined) continue
    const seen = boundTag(listed, tag)
    // One that could not be read may be the same: it is younger then, and stays the longer.
    if (seen === undefined || (seen.digest ?? digest) !== digest) continue
    const tags = again.get(repository) ?? new Map<string, number>()
    again.set(repository, tags.set(tag, Math.max(tags.get(tag) ?? at, at)))
  }
  return again
}

/** Whether a binding that is known since then went later. */
export function wentSince(again: ComeAgain, repository: string, tag: string, since: number): boolean {
  return (again.get(repository)?.get(tag) ?? Number.NEGATIVE_INFINITY) >= since
}
