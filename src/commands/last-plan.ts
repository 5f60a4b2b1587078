import type { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { rulesHash } from '#retention/rules-hash.ts'
import { getCondition } from '#runtime/conditions.ts'
import type { CustomObject } from '#runtime/custom-object.ts'

/** The last plan of a RegistryPolicy, as its status tells of it. */
export interface LastPlan {
  readonly digest: string
  /** When the registry was read for it, ms since the epoch. */
  readonly at: number
  /** UID of the policy. */
  readonly policy: string
  /** Of the rules that the policy has now: the plan may be of others. */
  readonly rules: string
  /** Whether it was made with the spec that the policy has now, as the status knows. */
  readonly isOfThisSpec: boolean
  /** The manifest that holds it in the workspace; undefined: none does. */
  readonly kept: string | undefined
  /** Why it is not kept, for people; undefined: nothing went wrong. */
  readonly unkept: string | undefined
  /** All that goes by it; undefined: that is more than a status names. */
  readonly removals: readonly NamedRemoval[] | undefined
}

/** A tag that goes. */
export interface NamedRemoval {
  /** `repository:tag`, with or without the host of the registry before it. */
  readonly image: string
  readonly digest: string
  readonly action: 'untag' | 'evict'
  /** For people. */
  readonly reason: string
  readonly rule: string | undefined
}

const Status = RegistryPolicyStatus.pick({ conditions: true, plan: true, evictions: true })

/** @returns undefined: none was made, or the status is of another version */
export function lastPlan(
  { metadata, status }: CustomObject,
  { rules }: Pick<RegistryPolicySpec, 'rules'>,
): LastPlan | undefined {
  const { conditions = [], plan, evictions = [] } = Status.safeParse(status).data ?? {}
  const at = Date.parse(plan?.time ?? '')
  if (plan === undefined || metadata.uid === undefined || Number.isNaN(at)) return undefined
  const ready = getCondition(conditions, 'PlanReady')
  return {
    ...{ digest: plan.digest, at, policy: metadata.uid, rules: rulesHash(rules) },
    // What a spec says of which no plan was made yet is Unknown, whatever the plan before said.
    isOfThisSpec: ready?.observedGeneration === metadata.generation && ready?.status !== 'Unknown',
    kept: plan.report?.reference?.split('@')[1],
    unkept: plan.report?.message,
    removals:
      evictions.length === plan.untag + plan.evict
        ? evictions.map(({ image, digest, action, reason, rule }) => ({
            ...{ image, digest, reason, rule },
            action: action === 'Evict' ? 'evict' : 'untag',
          }))
        : undefined,
  }
}
