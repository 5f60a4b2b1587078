import type { RegistryPolicyObject } from '#controllers/resources.ts'
import type { Hold } from '#retention/policy-record.ts'
import { requestedAt } from '#runtime/predicates.ts'

/** @param now ms since the epoch */
export function holdOn(policy: RegistryPolicyObject, because: string, now: number): Hold {
  return {
    since: now,
    because: because.slice(0, MAX_BECAUSE),
    approvedPlan: approvedPlan(policy),
    requestedAt: requestedAt(policy),
  }
}

/**
 * Whether a hold stands. We never write a spec, so `suspend` is not ours to set: a human who has looked says so by approving a plan, or by a new value of the
 * annotation. Another change of the spec is not taken for that: a bot may have made it. Nor is an annotation that is gone: GitOps takes away what Git has not.
 * @returns why nothing goes, and what to do; undefined: it stands no more
 */
export function standingHold(hold: Hold | undefined, policy: RegistryPolicyObject): string | undefined {
  if (hold === undefined) return undefined
  const approved = approvedPlan(policy)
  const requested = requestedAt(policy)
  const isApproved = approved !== undefined && approved !== hold.approvedPlan
  const isRequested = requested !== undefined && requested !== hold.requestedAt
  return isApproved || isRequested ? undefined : `${hold.because}. ${REMEDY}`
}

function approvedPlan({ spec }: RegistryPolicyObject): string | undefined {
  const plan: unknown =
    typeof spec === 'object' && spec !== null ? Reflect.get(spec, 'approvedPlan') : undefined
  return typeof plan === 'string' ? plan : undefined
}

const MAX_BECAUSE = 512
const REMEDY =
  'Nothing goes until a human has looked why it was evicted: to go on, set the annotation tallyman.dev/requestedAt to another value, or spec.approvedPlan to the digest of a plan'
