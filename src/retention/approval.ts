import { type Judgement, narrowInSteps } from '#retention/judge.ts'
import { bindingKey, type PlannedRemoval } from '#retention/removals.ts'
import { Pace } from '#time/pace.ts'

type Removed = Pick<PlannedRemoval, 'repository' | 'tag' | 'digest'>

/**
 * What an approval carries out, in steps: of what goes now, only what goes in the approved plan too (S12). What changed since is kept, with everything that it needs. A tag that was to
 * be evicted and is only untagged now goes all the same: that is less than what was approved.
 * @param approved what goes by the plan that was approved
 */
export function* intersectInSteps(
  approved: Iterable<Removed>,
  now: Judgement,
): Generator<undefined, Judgement> {
  const pace = new Pace()
  const names = new Set<string>()
  for (const { repository, tag, digest } of approved) {
    names.add(bindingKey(repository, tag, digest))
    if (pace.isTurnOver()) yield
  }
  return yield* narrowInSteps(
    now,
    (repository, { tag, digest }) => names.has(bindingKey(repository, tag, digest)),
    'NotApproved',
  )
}
