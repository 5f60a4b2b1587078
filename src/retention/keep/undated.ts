import type { KeepPolicy } from '#retention/keep/candidate.ts'
import { reason } from '#retention/reasons.ts'

/** What has no place in the order, and what may come right before one in use that has none (S13). */
export const keepUndated: KeepPolicy = ({ digest, rule, stream }) => {
  if (stream.dateOf(digest) === undefined) return reason('Undated')
  const { undatedInUse } = stream
  return rule.beforeInUse > 0 && undatedInUse !== undefined ? reason('Undated', undatedInUse) : undefined
}
