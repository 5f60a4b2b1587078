import { atOnce } from '#inventory/at-once.ts'
import { intersectInSteps } from '#retention/approval.ts'
import type { ComeAgain } from '#retention/come-again.ts'
import { type Eviction, evictionsInSteps } from '#retention/eviction-of.ts'
import type { Judgement } from '#retention/judge.ts'
import { type EvictionLimits, withinLimitInSteps } from '#retention/limits.ts'
import { type Plan, planInSteps } from '#retention/plan.ts'
import { digestInSteps, type PlanIdentity } from '#retention/plan-digest.ts'
import { type PlannedRemoval, removals } from '#retention/removals.ts'
import { type SettleParts, type StaysIn, staysInSteps } from '#retention/settle.ts'
import { type Soak, soakedInSteps, soakInSteps } from '#retention/soak.ts'
import { Pace } from '#time/pace.ts'

// What the operator decides in steps, so that it holds nobody up, is decided at once in tests.

export function intersect(approved: Parameters<typeof intersectInSteps>[0], now: Judgement): Judgement {
  return atOnce(intersectInSteps(approved, now))
}

export function planOf(judgement: Judgement, identity: PlanIdentity): Plan {
  return atOnce(planInSteps(judgement, identity))
}

export function planDigest(identity: PlanIdentity, repositories: Judgement['repositories']): string {
  return atOnce(digestInSteps(identity, repositories, new Pace()))
}

export function evictionsOf(judgement: Judgement): Eviction[] {
  return atOnce(evictionsInSteps(judgement, new Pace()))
}

export function withinLimit(judgement: Judgement, limits: EvictionLimits, now: number): Judgement {
  return atOnce(withinLimitInSteps(judgement, limits, now))
}

export function staysIn(parts: SettleParts): StaysIn {
  return atOnce(staysInSteps(parts, new Pace()))
}

export function soakWith(
  before: Soak | undefined,
  plan: Pick<Plan, 'repositories'>,
  mark: string,
  at: number,
  again: ComeAgain = new Map(),
): Soak {
  return atOnce(soakInSteps(before, plan, mark, at, again))
}

export function soaked(judgement: Judgement, soak: Soak, soakMs: number): Judgement {
  return atOnce(soakedInSteps(judgement, soak, soakMs))
}

/** What goes as plain data, in the order of the plan. */
export function* plannedRemovals(repositories: Judgement['repositories']): Generator<PlannedRemoval> {
  for (const { repository, verdict } of removals(repositories)) {
    const { tag, digest, action } = verdict
    yield { repository, tag, digest, action }
  }
}
