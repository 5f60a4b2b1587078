import { imageOf } from '#controllers/evicted-news.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { NAMED_IN_STATUS } from '#crds/registry-policy-plan.ts'
import type { LostOutside } from '#retention/lost-outside.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'

/** As registry-policy-status.ts bounds them. */
const MAX_NAME = 1024

/**
 * The status once a scan has missed tags (S14). The next one compares with what is there by then, and misses them no more: it stays until others are missed.
 * @param from what stands before a repository where its image is pulled: `r.example/`
 * @param readAt ms since the epoch
 */
export function withLostOutside(
  status: RegistryPolicyStatus,
  { count, first }: LostOutside,
  from: string,
  readAt: number,
): RegistryPolicyStatus {
  if (count === 0) return status
  const tags = first
    .slice(0, NAMED_IN_STATUS)
    .map((tag) => `${imageOf(tag, from)} (${tag.digest})`.slice(0, MAX_NAME))
  return { ...status, lostOutside: { time: rfc3339Seconds(readAt), count, tags } }
}
