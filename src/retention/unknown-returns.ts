import type { RegistryFacts } from '#retention/facts.ts'

/**
 * Facts in which a repository is incomplete where nobody knows what was brought back of it: that has to stay, and may be any of its tags (S12, S34).
 * @param why by repository
 */
export function doubtReturned(
  facts: RegistryFacts,
  why: ReadonlyMap<string, string> | undefined,
): RegistryFacts {
  if (why === undefined || why.size === 0) return facts
  const repositories = facts.repositories.map((repository) => {
    const reason = why.get(repository.name)
    if (reason === undefined || repository.incomplete !== undefined) return repository
    return {
      ...repository,
      incomplete: `what was brought back of it, and has to stay, is not known: ${reason}`,
    }
  })
  return { ...facts, repositories }
}
