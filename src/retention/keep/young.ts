import type { Candidate } from '#retention/keep/candidate.ts'
import { type Reason, reason } from '#retention/reasons.ts'

/** `keep.youngerThan`, and what nobody can say the age of (S10, S13). */
export function keepYoung({
  rule,
  changedAt,
  now,
}: Pick<Candidate, 'rule' | 'changedAt' | 'now'>): Reason | undefined {
  if (changedAt === undefined) return reason('Undated')
  return now - changedAt < rule.youngerThanMs ? reason('Young', '', 0, changedAt) : undefined
}
