import type { RegistryPolicyObject } from '#controllers/resources.ts'
import type { Hold } from '#retention/policy-record.ts'
import { requestedAt } from '#runtime/predicates.ts'

/** @param now ms since the epoch */
export function holdOn(policy: RegistryPolicyObject, because: string, now: number): Hold {
  return {
    since: now,
    because: because.slice(0, MAX_BECAUSE),
    generation: policy.metadata.generation ?? 0,
    requestedAt: requestedAt(policy),
  }
}

/**
 * Whether a hold stands. We never write a spec, so `suspend` is not ours to set: a human who has looked says so by any change of the spec, or by a new
 * value of the annotation.
 * @returns why nothing goes, and what to do; undefined: it stands no more
 */
export function standingHold(hold: Hold | undefined, policy: RegistryPolicyObject): string | undefined {
  if (hold === undefined) return undefined
  const isReleased =
    (policy.metadata.generation ?? 0) !== hold.generation || requestedAt(policy) !== hold.requestedAt
  return isReleased ? undefined : `${hold.because}. ${REMEDY}`
}

const MAX_BECAUSE = 512
const REMEDY =
  'Nothing goes until a human has looked why it was evicted: change the spec, or set the annotation tallyman.dev/requestedAt to another value, to go on'
