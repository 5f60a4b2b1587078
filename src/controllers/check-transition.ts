import type { EventReason } from '#catalogue/events.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import { getCondition } from '#runtime/conditions.ts'

export interface Transition {
  readonly reason: EventReason
  readonly note: string
}

/**
 * What is worth an event when one status follows another. One event for a run, however many images it concerns; none
 * while nothing changes.
 * @param appeared findings that the run before did not have
 * @param disappeared findings that it had and this one has not
 */
export function transitionOf(
  before: RegistryCheckStatus | undefined,
  after: RegistryCheckStatus,
  appeared: number,
  disappeared: number,
): Transition | undefined {
  const was = getCondition(before?.conditions ?? [], 'Healthy')
  const is = getCondition(after.conditions ?? [], 'Healthy')
  if (is === undefined) return undefined
  if (is.status === 'Unknown') {
    const isNews = was !== undefined && was.reason !== is.reason && is.reason !== 'NotCheckedYet'
    return isNews ? { reason: 'HealthUnknown', note: is.message } : undefined
  }
  if (appeared > 0) return { reason: 'ProblemsFound', note: `${is.message} (${appeared} new)` }
  if (disappeared > 0) return { reason: 'ProblemsResolved', note: `${is.message} (${disappeared} resolved)` }
  // Who was told that nothing is known must hear that it is known again, also where it is as it was.
  const wasUnknown = was?.status === 'Unknown' && was.reason !== 'NotCheckedYet'
  return wasUnknown ? { reason: 'HealthKnown', note: is.message } : undefined
}
