import type { Candidate } from '#retention/keep/candidate.ts'
import { type Reason, reason } from '#retention/reasons.ts'

/** `keep.all` and `keep.tags`: what is kept for its name, whatever it is. */
export function keepByName({ tag, rule }: Pick<Candidate, 'tag' | 'rule'>): Reason | undefined {
  if (rule.keepsAll) return reason('KeepAll')
  const pattern = rule.tagPattern(tag)
  return pattern === undefined ? undefined : reason('KeepTag', pattern)
}
