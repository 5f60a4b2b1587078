import type { ConditionReason } from '#catalogue/reasons.ts'
import { KEPT_OUT } from '#controllers/probe-reasons.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import type { Schedule } from '#controllers/schedule.ts'
import { getCondition, rfc3339Seconds } from '#runtime/conditions.ts'
import { pendingRequest } from '#runtime/predicates.ts'

const CLOCK_TOLERANCE_MS = 60_000

/** What is said where no plan could be made: it is tried again without waiting for the schedule. */
const NOT_LOOKED: ReadonlySet<string> = new Set<ConditionReason>([
  'NotPlannedYet',
  'RegistryNotFound',
  'InventoryNotFound',
  'RegistryUnreachable',
  ...KEPT_OUT,
  'InventoryNotSynced',
])

/** When a policy has to make a plan next, ms since the epoch; 0: now. */
export function planDueAt(policy: RegistryPolicyObject, schedule: Schedule, now: number): number {
  const ready = getCondition(policy.status?.conditions ?? [], 'PlanReady')
  const plannedAt = policy.status?.plan?.time
  const mustRun =
    isNewPolicy(policy) ||
    pendingRequest(policy) !== undefined ||
    plannedAt === undefined ||
    // The clock was ahead when it was made: what it says about the next one is worth nothing.
    Date.parse(plannedAt) > now + CLOCK_TOLERANCE_MS ||
    ready === undefined ||
    NOT_LOOKED.has(ready.reason)
  return mustRun ? 0 : nextPlanAt(policy, Date.parse(plannedAt), schedule, now)
}

/** The start after the one at `plannedAt`, all in ms since the epoch; 0: now; Infinity: never again. */
export function nextPlanAt(
  policy: RegistryPolicyObject,
  plannedAt: number,
  schedule: Schedule,
  now: number,
): number {
  return isOutdatedByRun(policy.status?.run, plannedAt, now)
    ? 0
    : scheduledPlanAt(policy, plannedAt, schedule)
}

/** The same by the schedule alone. To the second, as `plannedAt` is known after a restart: whoever asks gets the same time. */
export function scheduledPlanAt(policy: RegistryPolicyObject, plannedAt: number, schedule: Schedule): number {
  const at = rfc3339Seconds(plannedAt)
  return schedule.startAfter(Date.parse(at), `${policy.metadata.uid} ${at}`) ?? Number.POSITIVE_INFINITY
}

/** Nothing was accepted of this generation of the spec yet. */
export function isNewPolicy(policy: RegistryPolicyObject): boolean {
  return policy.status?.observedGeneration !== policy.metadata.generation
}

/** What the plan says is to go has gone, or nothing goes any more. Of a run that left something, the same would be said again and again. */
function isOutdatedByRun(
  run: NonNullable<RegistryPolicyObject['status']>['run'],
  plannedAt: number,
  now: number,
): boolean {
  const finishedAt = Date.parse(run?.finishedAt ?? '')
  // By a clock that was ahead, every plan would be older.
  if (run === undefined || !(finishedAt >= plannedAt && finishedAt <= now)) return false
  return run.phase === 'Stopped' || (run.phase === 'Succeeded' && run.untagged + run.swept > 0)
}
