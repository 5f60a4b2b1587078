import type { Plan } from '#retention/plan.ts'
import { bindingKey, type Removal, removals } from '#retention/removals.ts'

/** How what goes differs between two plans, each in the order of its plan. */
export interface PlanDiff {
  /** Goes now, and did not before, or not in the same way. */
  readonly added: readonly Removal[]
  /** Went before, and does not now, or not in the same way. */
  readonly dropped: readonly Removal[]
  /** Goes in both. */
  readonly unchanged: number
}

export function diffPlans(
  before: Pick<Plan, 'repositories'> | undefined,
  now: Pick<Plan, 'repositories'>,
): PlanDiff {
  const old = keyed(before?.repositories ?? [])
  const current = keyed(now.repositories)
  const added = [...current].filter(([key]) => !old.has(key)).map(([, removal]) => removal)
  const dropped = [...old].filter(([key]) => !current.has(key)).map(([, removal]) => removal)
  return { added, dropped, unchanged: current.size - added.length }
}

function keyed(repositories: Plan['repositories']): Map<string, Removal> {
  return new Map(
    Array.from(removals(repositories), (removal) => {
      const { repository, verdict } = removal
      return [`${verdict.action} ${bindingKey(repository, verdict.tag, verdict.digest)}`, removal]
    }),
  )
}
