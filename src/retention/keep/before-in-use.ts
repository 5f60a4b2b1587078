import type { KeepPolicy } from '#retention/keep/candidate.ts'
import { reason } from '#retention/reasons.ts'

/** `keep.beforeInUse`: what a deployment would be rolled back to. */
export const keepBeforeInUse: KeepPolicy = ({ digest, rule, stream }) => {
  const next = stream.nextInUse(digest)
  return next !== undefined && next.distance <= rule.beforeInUse
    ? reason('BeforeInUse', next.tag, next.distance)
    : undefined
}
