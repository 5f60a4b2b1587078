import type { Judgement } from '#retention/judge.ts'
import { type PlanIdentity, planDigest } from '#retention/plan-digest.ts'
import { type PlanSummary, summarize } from '#retention/plan-summary.ts'

/** What is to go from a registry, and why everything else stays. */
export interface Plan extends PlanIdentity {
  /** Of what goes (S12): the same as long as the same goes by the same rules. */
  readonly digest: string
  readonly summary: PlanSummary
  /** Every repository, sorted by name, with every tag, sorted. */
  readonly repositories: Judgement['repositories']
}

export function planOf(judgement: Judgement, { registry, url, policy, rules }: PlanIdentity): Plan {
  const { repositories } = judgement
  const identity = { registry, url, policy, rules }
  return {
    ...identity,
    digest: planDigest(identity, repositories),
    summary: summarize(judgement),
    repositories,
  }
}
