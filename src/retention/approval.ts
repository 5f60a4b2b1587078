import { type Judgement, narrow } from '#retention/judge.ts'
import type { Plan } from '#retention/plan.ts'
import { bindingKey, removals } from '#retention/removals.ts'

/**
 * What an approval carries out: of what goes now, only what goes in the approved plan too (S12). What changed since is kept, with everything that it needs. A tag that was to
 * be evicted and is only untagged now goes all the same: that is less than what was approved.
 */
export function intersect(approved: Pick<Plan, 'repositories'>, now: Judgement): Judgement {
  const names = new Set(
    Array.from(removals(approved.repositories), ({ repository, verdict }) =>
      bindingKey(repository, verdict.tag, verdict.digest),
    ),
  )
  return narrow(
    now,
    (repository, { tag, digest }) => names.has(bindingKey(repository, tag, digest)),
    'NotApproved',
  )
}
