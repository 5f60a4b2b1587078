import type { Judgement } from '#retention/judge.ts'
import { digestInSteps, type PlanIdentity } from '#retention/plan-digest.ts'
import { type PlanSummary, summaryInSteps } from '#retention/plan-summary.ts'
import { Pace } from '#time/pace.ts'

/** What is to go from a registry, and why everything else stays. */
export interface Plan extends PlanIdentity {
  /** Of what goes (S12): the same as long as the same goes by the same rules. */
  readonly digest: string
  readonly summary: PlanSummary
  /** Every repository, sorted by name, with every tag, sorted. */
  readonly repositories: Judgement['repositories']
}

/** Puts it together, in steps. */
export function* planInSteps(
  judgement: Judgement,
  { registry, url, policy, rules }: PlanIdentity,
  pace = new Pace(),
): Generator<undefined, Plan> {
  const { repositories } = judgement
  const identity = { registry, url, policy, rules }
  return {
    ...identity,
    digest: yield* digestInSteps(identity, repositories, pace),
    summary: yield* summaryInSteps(judgement, pace),
    repositories,
  }
}
