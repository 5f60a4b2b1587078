import { counted } from '#catalogue/counted.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import { foundWorkspaces } from '#retention/found-workspaces.ts'
import type { JudgedRepository } from '#retention/judge.ts'
import { isOwnRepository } from '#retention/own-content.ts'
import type { PlanSummary } from '#retention/plan-summary.ts'

/**
 * Tells the repositories in which everything belongs to some installation of Tallyman from those that a plan is about (S08).
 * @param facts that the judgement is of, in its order
 */
export function withoutOwn(
  all: readonly JudgedRepository[],
  facts: RegistryFacts,
): { readonly repositories: readonly JudgedRepository[]; readonly own: readonly JudgedRepository[] } {
  const workspaces = foundWorkspaces(facts)
  const { own = [], repositories = [] } = Object.groupBy(all, ({ name, verdicts }) => {
    const holdsOnlyOwn = verdicts.length > 0 && verdicts.every(({ reason }) => reason.code === 'Workspace')
    return holdsOnlyOwn || isOwnRepository(name, workspaces) ? 'own' : 'repositories'
  })
  return { repositories, own }
}

/** A summary without repositories of which everything stays. What they hold still counts as referred to. */
export function withoutCounts(summary: PlanSummary, own: readonly JudgedRepository[]): PlanSummary {
  const tags = own.reduce((sum, { verdicts }) => sum + verdicts.length, 0)
  const { Workspace = 0, ...reasons } = summary.reasons
  const left = Workspace - tags
  return {
    ...summary,
    repositories: summary.repositories - own.length,
    tags: summary.tags - tags,
    keep: summary.keep - tags,
    reasons: left === 0 ? reasons : { ...reasons, Workspace: left },
  }
}

/** So many are named. */
const NAMED = 3

/** `2 repositories that belong to Tallyman are left out: tallyman/plans/shop/web, …` @param names at least one */
export function leftOutText(names: readonly string[]): string {
  const more = names.length - NAMED
  const named = names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '')
  const all = counted(names.length, 'repository', 'repositories')
  return names.length === 1
    ? `${all} that belongs to Tallyman is left out: ${named}`
    : `${all} that belong to Tallyman are left out: ${named}`
}
