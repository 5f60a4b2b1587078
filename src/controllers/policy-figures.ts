import { imageOf } from '#controllers/evicted-news.ts'
import type { Planning } from '#controllers/policy-planner.ts'
import type { PlanFigures } from '#controllers/policy-status.ts'
import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { NAMED_IN_STATUS } from '#crds/registry-policy-plan.ts'
import { pullPrefix } from '#inventory/registry-names.ts'
import type { PolicyPlanDocument } from '#report/plan-document.ts'
import { soaking } from '#retention/soak.ts'
import { parseDuration } from '#time/duration.ts'

/** As registry-policy-plan.ts bounds them. */
const MAX_NAME = 1024

export interface FiguresInput {
  /** Where the registry answered. */
  readonly url: string
  readonly spec: Pick<RegistryPolicySpec, 'mode' | 'soak'>
  readonly planning: Planning
  readonly document: Pick<PolicyPlanDocument, 'blocks' | 'changes' | 'unmatchedRules'>
  /** Entries of spec.restore that speak of nothing; undefined: the workspace does not tell. */
  readonly unmatchedRestores: readonly string[] | undefined
  /** Names of rules of which earlier ones have everything. */
  readonly shadowedRules: readonly string[]
}

/** What the status says of a plan that was made. */
export function planFigures({
  url,
  spec,
  planning,
  document,
  shadowedRules,
  unmatchedRestores,
}: FiguresInput): PlanFigures {
  const { plan, facts, untaggedInUse, soak } = planning
  const { blocks, changes, unmatchedRules } = document
  const incomplete = facts.repositories.filter((repository) => repository.incomplete !== undefined)
  const [first] = incomplete
  const from = pullPrefix(new URL(url))
  return {
    ...{ plan, blocks, unmatchedRules, shadowedRules, unmatchedRestores, readAt: facts.readAt },
    from,
    difference: changes === null ? undefined : { added: changes.added, dropped: changes.dropped },
    incomplete: incomplete.length,
    incompleteBecause: first === undefined ? undefined : `${first.name}: ${first.incomplete}`,
    untaggedInUse: {
      count: untaggedInUse.length,
      first: untaggedInUse
        .slice(0, NAMED_IN_STATUS)
        .map(({ repository, digest }) =>
          imageOf({ repository, digest, tag: undefined }, from).slice(0, MAX_NAME),
        ),
    },
    soaking: spec.mode === 'Enforce' ? soaking(soak, parseDuration(spec.soak) ?? 0) : undefined,
  }
}
