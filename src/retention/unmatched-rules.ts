import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { RegistryFacts } from '#retention/facts.ts'

/**
 * The names of the rules that match no repository of the registry: after a typo in `repositories` the next rule decides about what one was written for. Empty where
 * not every repository is known, and in an empty registry, which says nothing about them.
 */
export function unmatchedRules(
  rules: readonly Pick<CompiledRule, 'name' | 'matchesRepository'>[],
  {
    incomplete,
    repositories,
  }: Pick<RegistryFacts, 'incomplete'> & {
    readonly repositories: readonly Pick<RegistryFacts['repositories'][number], 'name'>[]
  },
): string[] {
  if (incomplete !== undefined || repositories.length === 0) return []
  return rules
    .filter((rule) => !repositories.some(({ name }) => rule.matchesRepository(name)))
    .map(({ name }) => name)
}

/** So many are named in a sentence. */
const NAMED = 3

/** `rule prdo matches no repository of the registry`. @param names of `unmatchedRules`, at least one */
export function unmatchedText(names: readonly string[]): string {
  const more = names.length - NAMED
  const named = names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
  return `${names.length === 1 ? `rule ${named} matches` : `rules ${named} match`} no repository of the registry`
}
