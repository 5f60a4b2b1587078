import { counted } from '#catalogue/counted.ts'
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

/** Whether the report could be kept: told when that changes, or its cause. */
export function reportTransition(
  before: RegistryCheckStatus['report'],
  after: RegistryCheckStatus['report'],
): Transition | undefined {
  if (after === undefined || after.message === before?.message) return undefined
  return after.message === undefined
    ? { reason: 'ReportKept', note: `The report is kept again: ${after.reference ?? ''}` }
    : { reason: 'ReportNotKept', note: after.message }
}

/** What came of a repair: every copy is told, what could not be copied when its number changes. */
export function repairTransitions(
  before: RegistryCheckStatus['repair'],
  after: RegistryCheckStatus['repair'],
): Transition[] {
  if (after === undefined) return []
  const { repaired, failed, images, message } = after
  const why =
    message ?? images.find(({ outcome }) => outcome !== 'Repaired' && outcome !== 'WouldRepair')?.message
  const transitions: Transition[] = []
  if (repaired > 0 && (before?.time !== after.time || before.repaired !== repaired)) {
    transitions.push({
      reason: 'ImagesRepaired',
      note: `${counted(repaired, 'image')} ${repaired === 1 ? 'was' : 'were'} copied back`,
    })
  }
  if (failed > 0 && before?.failed !== failed) {
    transitions.push({
      reason: 'RepairFailed',
      note: `${counted(failed, 'image')} could not be copied back: ${why ?? ''}`,
    })
  }
  return transitions
}
