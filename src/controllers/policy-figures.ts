import type { Planning } from '#controllers/policy-planner.ts'
import { unmatchedRestores } from '#controllers/policy-restore.ts'
import type { PlanFigures } from '#controllers/policy-status.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import type { EvictionHistory } from '#evict/evicted.ts'
import type { PolicyPlanDocument } from '#report/plan-document.ts'
import { soaking } from '#retention/soak.ts'
import { parseDuration } from '#time/duration.ts'

export interface FiguresInput {
  readonly spec: Pick<RegistryPolicySpec, 'mode' | 'soak' | 'restore'>
  readonly planning: Planning
  readonly document: Pick<PolicyPlanDocument, 'blocks' | 'changes' | 'unmatchedRules'>
  /** What the policy has evicted; undefined: the workspace does not tell. */
  readonly history: EvictionHistory | undefined
}

/** What the status says of a plan that was made. */
export function planFigures({ spec, planning, document, history }: FiguresInput): PlanFigures {
  const { plan, facts, lost, untaggedInUse, soak } = planning
  const { blocks, changes, unmatchedRules } = document
  const entries = spec.restore ?? []
  return {
    ...{ plan, blocks, unmatchedRules, readAt: facts.readAt },
    difference: changes === null ? undefined : { added: changes.added, dropped: changes.dropped },
    incomplete: facts.repositories.filter(({ incomplete }) => incomplete !== undefined).length,
    untaggedInUse: untaggedInUse.length,
    lostOutside: lost.count,
    soaking: spec.mode === 'Enforce' ? soaking(soak, parseDuration(spec.soak) ?? 0) : undefined,
    unmatchedRestores: history === undefined ? undefined : unmatchedRestores({ entries, history, facts }),
  }
}
