import type { ConditionReason } from '#catalogue/reasons.ts'
import { KEPT_OUT } from '#controllers/probe-reasons.ts'
import type { RegistryCheckObject, RegistryObject } from '#controllers/resources.ts'
import type { Schedule } from '#controllers/schedule.ts'
import { getCondition, rfc3339Seconds } from '#runtime/conditions.ts'
import { pendingRequest } from '#runtime/predicates.ts'

const CLOCK_TOLERANCE_MS = 60_000

/** Verdicts of runs that could not look: they are repeated without waiting for the schedule. */
const NOT_LOOKED: ReadonlySet<string> = new Set<ConditionReason>([
  'NotCheckedYet',
  'RegistryNotFound',
  'InventoryNotFound',
  'RegistryUnreachable',
  ...KEPT_OUT,
  'InventoryNotSynced',
  'OutdatedReport',
  'NothingMatched',
])

/** When the check has to run next, ms since the epoch; 0: now. */
export function dueAt(
  check: RegistryCheckObject,
  registry: RegistryObject,
  schedule: Schedule,
  now: number,
): number {
  const healthy = getCondition(check.status?.conditions ?? [], 'Healthy')
  const startedAt = check.status?.run?.startedAt
  const mustRun =
    isNewSpec(check) ||
    pendingRequest(check) !== undefined ||
    startedAt === undefined ||
    // The clock was ahead when it ran: what it says about the next run is worth nothing.
    Date.parse(startedAt) > now + CLOCK_TOLERANCE_MS ||
    healthy === undefined ||
    NOT_LOOKED.has(healthy.reason) ||
    isLost(registry)
  return mustRun ? 0 : nextStart(check, Date.parse(startedAt), schedule)
}

/** The start after the one at `startedAt`, all in ms since the epoch; Infinity: never again. */
export function nextStart(check: RegistryCheckObject, startedAt: number, schedule: Schedule): number {
  const seed = `${check.metadata.uid} ${rfc3339Seconds(startedAt)}`
  return schedule.startAfter(startedAt, seed) ?? Number.POSITIVE_INFINITY
}

/** Nothing was accepted of this generation of the spec yet. */
export function isNewSpec(check: RegistryCheckObject): boolean {
  return check.status?.observedGeneration !== check.metadata.generation
}

/** The Registry does not answer: what was found before is no longer seen, and the check has to say so (S25). */
function isLost(registry: RegistryObject): boolean {
  const conditions = registry.status?.conditions ?? []
  return (['Ready', 'Reachable'] as const).some((type) => getCondition(conditions, type)?.status === 'False')
}
