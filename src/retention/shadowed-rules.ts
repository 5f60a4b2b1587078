import { atOnce } from '#inventory/at-once.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import { ruleKind } from '#retention/image-kind.ts'
import { IMAGE_KIND } from '#retention/rules.ts'
import { Pace } from '#time/pace.ts'

type Rule = Pick<CompiledRule, 'name' | 'matchesRepository' | 'matchesKind'>
type Facts = Pick<RegistryFacts, 'incomplete' | 'manifests'> & {
  readonly repositories: readonly Pick<RepositoryFacts, 'name' | 'incomplete' | 'tags'>[]
}

/**
 * The names of the rules that decide about nothing although tags of the registry match them, because rules before them match all of these too. Empty where not every
 * repository is known; a rule that matches a repository of which not every tag is known may decide there.
 */
export function shadowedRules(rules: readonly Rule[], facts: Facts): string[] {
  return atOnce(shadowedRulesInSteps(rules, facts))
}

/** The same in steps. */
export function* shadowedRulesInSteps(
  rules: readonly Rule[],
  { incomplete, manifests, repositories }: Facts,
  pace = new Pace(),
): Generator<undefined, string[]> {
  if (incomplete !== undefined) return []
  const idle = new Set(rules)
  const asked = new Set<Rule>()
  for (const { name, incomplete: why, tags } of repositories) {
    const matching = rules.filter((rule) => rule.matchesRepository(name))
    if (!matching.some((rule) => idle.has(rule))) continue
    if (why !== undefined) {
      for (const rule of matching) idle.delete(rule)
      continue
    }
    const kinds = new Set<string>()
    for (const { digest } of tags) {
      kinds.add(ruleKind(manifests.get(digest ?? ''), manifests) ?? IMAGE_KIND)
      if (pace.isTurnOver()) yield
    }
    for (const kind of kinds) {
      const [first, ...others] = matching.filter((rule) => rule.matchesKind(kind))
      if (first !== undefined) idle.delete(first)
      for (const rule of others) asked.add(rule)
    }
  }
  return rules.filter((rule) => idle.has(rule) && asked.has(rule)).map(({ name }) => name)
}

/** So many are named in a sentence. */
const NAMED = 3

/** `rule prod decides about nothing: rules before it match all that it does`. @param names of `shadowedRules`, at least one */
export function shadowedText(names: readonly string[]): string {
  const more = names.length - NAMED
  const named = names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
  return names.length === 1
    ? `rule ${named} decides about nothing: rules before it match all that it does`
    : `rules ${named} decide about nothing: rules before them match all that they do`
}
