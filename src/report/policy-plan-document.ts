import { changesSince, type EarlierPlan } from '#report/plan-changes.ts'
import type { PolicyPlanDocument } from '#report/plan-document.ts'
import type { Block } from '#retention/blocks.ts'
import type { Plan } from '#retention/plan.ts'

export interface PolicyPlanInput {
  readonly policy: { readonly namespace: string; readonly name: string }
  readonly registry: { readonly name: string; readonly url: string }
  /** `spec.mode`. */
  readonly mode: string
  /** When the reading of the registry began, ms since the epoch. */
  readonly readAt: number
  readonly plan: Plan
  readonly blocks: readonly Block[]
  /** Names of rules that match no repository of the registry. */
  readonly unmatchedRules: readonly string[]
  /** undefined: none is known. */
  readonly before: EarlierPlan | undefined
}

/** Puts the whole plan of a RegistryPolicy together; other work has its turn meanwhile. */
export async function policyPlanDocument(input: PolicyPlanInput): Promise<PolicyPlanDocument> {
  const { plan, policy, registry, mode, blocks, unmatchedRules, before, readAt } = input
  const { digest, rules, summary, repositories } = plan
  return {
    kind: 'RegistryPolicyPlan',
    version: 1,
    policy: { namespace: policy.namespace, name: policy.name, uid: plan.policy },
    registry: { name: registry.name, url: registry.url, uid: plan.registry },
    ...{ mode, digest, rules, readAt: new Date(readAt).toISOString(), summary, blocks },
    unmatchedRules,
    changes: before === undefined ? null : await changesSince(before, repositories),
    repositories,
  }
}
