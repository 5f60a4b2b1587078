import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { type CheckRun, runCheck } from '#controllers/check-run.ts'
import { type Schedule, scheduleOf } from '#controllers/check-schedule.ts'
import {
  countNew,
  type FirstSeen,
  firstSeenOf,
  statusAfterRun,
  statusWithVerdict,
  updateFirstSeen,
} from '#controllers/check-status.ts'
import { transitionOf } from '#controllers/check-transition.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import type { Snapshots } from '#controllers/image-inventory-controller.ts'
import { probeReason } from '#controllers/probe-reasons.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { registryNames } from '#controllers/registry-names.ts'
import {
  type ImageInventoryObject,
  REGISTRY_CHECKS,
  type RegistryCheckObject,
  type RegistryObject,
  specOf,
} from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryCheckSpec, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { staleVerdict } from '#health/staleness.ts'
import { type Verdict, verdictOf } from '#health/verdict.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { Announced } from '#runtime/announced.ts'
import { getCondition, type Stamp, setCondition } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import { markRetrying, markStalled } from '#runtime/kstatus-marks.ts'
import { parseKey } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { pendingRequest, requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'
import type { BackoffPolicy } from '#time/backoff.ts'

export const CHECK_BACKOFF: BackoffPolicy = { initial: 750, max: 5 * 60_000, factor: 2, jitter: 0.2 }
/** The longest pause before it is looked again whether a run is due: timers stand still while a machine sleeps. */
const LONGEST_PAUSE_MS = 10 * 60_000
const CLOCK_TOLERANCE_MS = 60_000
/** How soon a run that could not look is tried again when nothing wakes it earlier. */
const NOT_SYNCED_RETRY_MS = 10_000

/** Verdicts of runs that could not look: they are repeated without waiting for the schedule. */
const NOT_LOOKED: ReadonlySet<string> = new Set<ConditionReason>([
  'NotCheckedYet',
  'RegistryNotFound',
  'InventoryNotFound',
  'RegistryUnreachable',
  'InventoryNotSynced',
  'OutdatedReport',
  'NothingMatched',
])

const FIRST_RUN: Verdict = {
  status: 'Unknown',
  reason: 'NotCheckedYet',
  message: 'The first run with this spec has not ended',
}

export interface RegistryCheckStores {
  readonly checks: ObjectStore<RegistryCheckObject>
  readonly registries: ObjectStore<RegistryObject>
  readonly inventories: ObjectStore<ImageInventoryObject>
}

/** Runs a RegistryCheck when it is due and keeps its status. Reads registries and never writes to one. */
export class RegistryCheckController {
  readonly #deps: ControllerDeps
  readonly #access: RegistryAccess
  readonly #live: Snapshots
  readonly #stores: RegistryCheckStores
  readonly #firstSeen = new Map<string, FirstSeen>()
  readonly #announced = new Announced<RegistryCheckStatus>()

  constructor(deps: ControllerDeps, access: RegistryAccess, live: Snapshots, stores: RegistryCheckStores) {
    this.#deps = deps
    this.#access = access
    this.#live = live
    this.#stores = stores
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const check = this.#stores.checks.get(key)
    if (check === undefined || check.metadata.deletionTimestamp !== undefined) return this.#forget(key)

    const stamp = { generation: check.metadata.generation ?? 0, now: this.#deps.clock.now() }
    let spec: RegistryCheckSpec
    let schedule: Schedule
    try {
      spec = specOf(RegistryCheckSpec, check)
      schedule = scheduleOf(spec)
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const marked = markStalled(check.status ?? {}, stamp, 'SpecInvalid', error)
      const message = 'The spec cannot be carried out, so nothing is looked at'
      const healthy = { type: 'Healthy', status: 'Unknown', reason: 'NotCheckedYet', message } as const
      const conditions = setCondition(marked.conditions, healthy, stamp)
      await this.#write(check, { ...check.status, ...marked, conditions }, signal)
      throw error
    }
    this.#deps.objectMetrics.suspended(subjectOf(check), spec.suspend)
    if (spec.suspend) return DONE

    const namespace = check.metadata.namespace ?? ''
    const registry = this.#stores.registries.get(`${namespace}/${spec.registryRef.name}`)
    if (registry === undefined) {
      return this.#missing(
        check,
        'RegistryNotFound',
        `spec.registryRef: there is no Registry ${namespace}/${spec.registryRef.name}`,
        stamp,
        signal,
      )
    }
    if (this.#stores.inventories.get(`${namespace}/${spec.inventoryRef.name}`) === undefined) {
      return this.#missing(
        check,
        'InventoryNotFound',
        `spec.inventoryRef: there is no ImageInventory ${namespace}/${spec.inventoryRef.name}`,
        stamp,
        signal,
      )
    }

    const snapshot = this.#live.snapshot()
    if (!snapshot.synced) {
      const why = snapshot.clusters.find(({ synced }) => !synced)?.reason ?? 'the first list has not ended'
      await this.#unknown(
        check,
        'InventoryNotSynced',
        `Which images are in use is not known completely: ${why}`,
        stamp,
        signal,
      )
      return { requeueAfterMs: NOT_SYNCED_RETRY_MS }
    }

    const due = dueAt(check, registry, schedule, stamp.now)
    if (stamp.now < due) {
      this.#measure(check, check.status ?? {})
      return { requeueAfterMs: pause(due - stamp.now) }
    }
    const current = await this.#begin(check, schedule, stamp, signal)
    const run = await this.#run(current, spec, registry, snapshot, stamp, signal)
    const verdict = verdictOf(run)
    if (verdict.reason === 'RegistryUnreachable') {
      await this.#unknown(current, verdict.reason, verdict.message, stamp, signal)
      throw new TallymanError('REGISTRY_UNREACHABLE', verdict.message)
    }
    await this.#finish(key, current, run, verdict, stamp, signal)
    const next = schedule.next(run.startedAt)
    return next === undefined ? DONE : { requeueAfterMs: pause(next - this.#deps.clock.now()) }
  }

  /**
   * What the status says while a run goes on: a new spec is accepted before the run ends, so that a long one does not
   * hold up a GitOps sync (S25); a report that is too old stops being one (S22); else the last verdict stands.
   */
  async #begin(
    check: RegistryCheckObject,
    schedule: Schedule,
    stamp: Stamp,
    signal: AbortSignal,
  ): Promise<RegistryCheckObject> {
    const conditions = check.status?.conditions ?? []
    const accepted = !isNewSpec(check) && getCondition(conditions, 'Ready')?.status === 'True'
    const stands = getCondition(conditions, 'Healthy')?.status !== 'Unknown'
    const stale = stands ? staleVerdict(check.status?.run, schedule.next, stamp.now) : undefined
    const verdict = accepted ? stale : FIRST_RUN
    if (verdict === undefined) return check
    return this.#write(check, statusWithVerdict(check.status ?? {}, verdict, stamp), signal)
  }

  async #run(
    check: RegistryCheckObject,
    spec: RegistryCheckSpec,
    registry: RegistryObject,
    snapshot: InventorySnapshot,
    stamp: Stamp,
    signal: AbortSignal,
  ): Promise<CheckRun> {
    try {
      const registrySpec = specOf(RegistrySpec, registry)
      const names = registryNames(registrySpec, registry.metadata.namespace ?? '')
      const opened = await this.#access.open(registry, signal)
      return await runCheck({
        spec,
        registry: registrySpec,
        names,
        opened,
        snapshot,
        clock: this.#deps.clock,
        signal,
      })
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const aboutRegistry =
        probeReason(error.code) !== undefined ||
        error.code === 'SPEC_INVALID' ||
        error.code.startsWith('REGISTRY_')
      if (signal.aborted || !aboutRegistry) throw error
      const message = `Registry ${registry.metadata.name}: ${error.advice}`
      await this.#unknown(check, 'RegistryUnreachable', message, stamp, signal)
      // Also what the code calls final is tried again: the registry may be mended without a change of this spec.
      throw new TallymanError('REGISTRY_UNREACHABLE', message, { cause: error })
    }
  }

  async #finish(
    key: string,
    check: RegistryCheckObject,
    run: CheckRun,
    verdict: Verdict,
    stamp: Stamp,
    signal: AbortSignal,
  ): Promise<void> {
    const remembered = this.#firstSeen.get(key)
    const announced = this.#announced.before(check)
    const known = remembered ?? firstSeenOf(announced)
    const seen = updateFirstSeen(known, run.findings, run.startedAt)
    const status = statusAfterRun(check.status ?? {}, run, verdict, seen, stamp)
    // After a restart only the findings that the status shows are known: where it shows not all, counts must do.
    const isKnown = remembered !== undefined || announced?.findingsTruncated !== true
    const same = JSON.stringify(announced?.findingCounts) === JSON.stringify(status.findingCounts)
    const appeared = isKnown ? countNew(seen, known) : Number(!same)
    const disappeared = isKnown ? countNew(known, seen) : 0
    await this.#write(check, status, signal, appeared, disappeared)
    this.#firstSeen.set(key, seen)
  }

  async #missing(
    check: RegistryCheckObject,
    reason: 'RegistryNotFound' | 'InventoryNotFound',
    message: string,
    stamp: Stamp,
    signal: AbortSignal,
  ): Promise<Result> {
    const error = new TallymanError('REFERENCE_NOT_FOUND', message)
    const marked = markRetrying(check.status ?? {}, stamp, reason, error)
    const conditions = setCondition(
      marked.conditions,
      { type: 'Healthy', status: 'Unknown', reason, message },
      stamp,
    )
    await this.#write(check, { ...check.status, ...marked, conditions }, signal)
    throw error
  }

  async #unknown(
    check: RegistryCheckObject,
    reason: ConditionReason,
    message: string,
    stamp: Stamp,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#write(
      check,
      statusWithVerdict(check.status ?? {}, { status: 'Unknown', reason, message }, stamp),
      signal,
    )
  }

  async #write(
    check: RegistryCheckObject,
    status: RegistryCheckStatus,
    signal: AbortSignal,
    appeared = 0,
    disappeared = 0,
  ): Promise<RegistryCheckObject> {
    const { reason } = getCondition(status.conditions ?? [], 'Healthy') ?? {}
    // What stands while a run goes on is no answer to who asked for it.
    const handled = reason === 'NotCheckedYet' || reason === 'OutdatedReport' ? undefined : requestedAt(check)
    const next = handled === undefined ? status : { ...status, lastHandledReconcileAt: handled }
    const announced = this.#announced.before(check)
    const written = await this.#deps.status.write(REGISTRY_CHECKS, check, next, signal)
    this.#measure(check, next)
    const stalled = getCondition(next.conditions ?? [], 'Stalled')
    if (
      stalled !== undefined &&
      stalled.message !== getCondition(announced?.conditions ?? [], 'Stalled')?.message
    ) {
      this.#deps.events.record(check, 'SpecInvalid', stalled.message)
    }
    const transition = transitionOf(announced, next, appeared, disappeared)
    if (transition !== undefined) this.#deps.events.record(check, transition.reason, transition.note)
    this.#announced.set(check, next)
    return written
  }

  #measure(check: RegistryCheckObject, status: RegistryCheckStatus): void {
    const { objectMetrics } = this.#deps
    const subject = subjectOf(check)
    const labels = { namespace: subject.namespace, name: subject.name }
    objectMetrics.conditions(subject, status.conditions ?? [])
    if (status.run === undefined) return
    const { healthy = 0, unhealthy = 0, unknown = 0 } = status.images ?? {}
    const states = Object.entries({ healthy, unhealthy, unknown })
    objectMetrics.set(
      subject,
      'tallyman_check_images',
      states.map(([state, value]) => ({ labels: { ...labels, state }, value })),
    )
    const counts = (status.findingCounts ?? []).map(({ code, severity, count }) => ({
      labels: { ...labels, code, severity },
      value: count,
    }))
    objectMetrics.set(subject, 'tallyman_check_findings', counts)
    const finished = Date.parse(status.run.finishedAt) / 1000
    objectMetrics.set(subject, 'tallyman_check_last_run_timestamp_seconds', [{ labels, value: finished }])
    objectMetrics.set(subject, 'tallyman_check_duration_seconds', [
      { labels, value: status.run.durationSeconds },
    ])
  }

  #forget(key: string): Result {
    const { namespace = '', name } = parseKey(key)
    this.#firstSeen.delete(key)
    this.#announced.forget(key)
    this.#deps.objectMetrics.forget({ kind: REGISTRY_CHECKS.kind, namespace, name })
    return DONE
  }
}

/** When the check has to run next, ms since the epoch; 0: now. */
function dueAt(
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
  return mustRun ? 0 : (schedule.next(Date.parse(startedAt)) ?? Number.POSITIVE_INFINITY)
}

/** The Registry does not answer: what was found before is no longer seen, and the check has to say so (S25). */
function isLost(registry: RegistryObject): boolean {
  const conditions = registry.status?.conditions ?? []
  return (['Ready', 'Reachable'] as const).some((type) => getCondition(conditions, type)?.status === 'False')
}

function pause(untilDueMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(0, untilDueMs))
}

function isNewSpec(check: RegistryCheckObject): boolean {
  return check.status?.observedGeneration !== check.metadata.generation
}

function subjectOf(check: RegistryCheckObject) {
  return { kind: REGISTRY_CHECKS.kind, namespace: check.metadata.namespace ?? '', name: check.metadata.name }
}
