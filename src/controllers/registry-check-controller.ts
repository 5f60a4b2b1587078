import { isDeepStrictEqual } from 'node:util'
import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { dueAt, isNewSpec, nextStart } from '#controllers/check-due.ts'
import type { CheckRecords, EndedRun } from '#controllers/check-records.ts'
import { repairFindings } from '#controllers/check-repair.ts'
import { type CheckReporter, checkSubject, type News } from '#controllers/check-reporter.ts'
import type { CheckRun } from '#controllers/check-run.ts'
import type { CheckRunner, Due } from '#controllers/check-runner.ts'
import {
  beginningStatus,
  retryingStatus,
  stalledStatus,
  statusAfterRun,
  statusWithVerdict,
  withAnswer,
} from '#controllers/check-status.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import type { LiveInventories } from '#controllers/image-inventory-controller.ts'
import { pauseUntil } from '#controllers/pause.ts'
import { keptOutReason, probeReason } from '#controllers/probe-reasons.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import {
  type ImageInventoryObject,
  type RegistryCheckObject,
  type RegistryObject,
  specOf,
} from '#controllers/resources.ts'
import { type Schedule, scheduleOf } from '#controllers/schedule.ts'
import { RegistryCheckSpec, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { type Verdict, verdictOf } from '#health/verdict.ts'
import { getCondition, type Stamp } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'
import type { BackoffPolicy } from '#time/backoff.ts'

export const CHECK_BACKOFF: BackoffPolicy = { initial: 750, max: 5 * 60_000, factor: 2, jitter: 0.2 }
/** How soon a run that could not look is tried again when nothing wakes it earlier. */
const NOT_SYNCED_RETRY_MS = 10_000

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

/** What one reconciliation works with. */
interface Pass {
  /** As it was stored last. */
  check: RegistryCheckObject
  readonly stamp: Stamp
  readonly signal: AbortSignal
  /** The request for a run that stood when it began: one that comes later is not answered by it. */
  readonly requested: string | undefined
}

export interface RegistryCheckParts {
  readonly deps: ControllerDeps
  readonly reporter: CheckReporter
  readonly access: RegistryAccess
  readonly live: LiveInventories
  readonly stores: RegistryCheckStores
  readonly runner: CheckRunner
  readonly records: CheckRecords
}

/** Runs a RegistryCheck when it is due and keeps its status. Reads registries, and writes to one only where spec.repair says so. */
export class RegistryCheckController {
  readonly #deps: ControllerDeps
  readonly #reporter: CheckReporter
  readonly #access: RegistryAccess
  readonly #live: LiveInventories
  readonly #stores: RegistryCheckStores
  readonly #runner: CheckRunner
  readonly #records: CheckRecords

  constructor({ deps, reporter, access, live, stores, runner, records }: RegistryCheckParts) {
    this.#deps = deps
    this.#reporter = reporter
    this.#access = access
    this.#live = live
    this.#stores = stores
    this.#runner = runner
    this.#records = records
  }

  /** What another leader has found and told since our last term is not remembered here. */
  readonly beginTerm = (): void => {
    this.#records.beginTerm()
    this.#reporter.beginTerm()
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const shown = this.#stores.checks.get(key)
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) {
      this.#runner.forget(key)
      this.#records.forget(key)
      this.#reporter.forget(key)
      return DONE
    }
    const check = this.#reporter.latest(shown)

    const stamp = { generation: check.metadata.generation ?? 0, now: this.#deps.clock.now() }
    const pass: Pass = { check, stamp, signal, requested: requestedAt(check) }
    let spec: RegistryCheckSpec
    let schedule: Schedule
    try {
      spec = specOf(RegistryCheckSpec, check)
      schedule = scheduleOf(spec)
    } catch (thrown) {
      const error = asTallymanError(thrown)
      await this.#write(pass, (status) => stalledStatus(status, error, stamp))
      throw error
    }
    this.#deps.objectMetrics.suspended(checkSubject(check), spec.suspend)
    if (spec.suspend) return DONE

    const namespace = check.metadata.namespace ?? ''
    const registry = this.#stores.registries.get(`${namespace}/${spec.registryRef.name}`)
    if (registry === undefined) {
      const message = `spec.registryRef: there is no Registry ${namespace}/${spec.registryRef.name}`
      return this.#missing(pass, 'RegistryNotFound', message)
    }
    if (this.#stores.inventories.get(`${namespace}/${spec.inventoryRef.name}`) === undefined) {
      const message = `spec.inventoryRef: there is no ImageInventory ${namespace}/${spec.inventoryRef.name}`
      return this.#missing(pass, 'InventoryNotFound', message)
    }

    const snapshot = await this.#live.get(`${namespace}/${spec.inventoryRef.name}`)?.calmSnapshot()
    if (snapshot?.synced !== true) {
      const why = snapshot?.notSynced.join('; ') ?? 'the inventory is not set up yet'
      const message = `Which images are in use is not known completely: ${why}`
      await this.#unknown(pass, 'InventoryNotSynced', message)
      return { requeueAfterMs: NOT_SYNCED_RETRY_MS }
    }

    await this.#records.recall(check, registry, schedule, signal)
    const startAt = dueAt(check, registry, schedule, stamp.now)
    if (stamp.now < startAt) {
      this.#reporter.measure(check, check.status ?? {})
      return { requeueAfterMs: pauseUntil(startAt, stamp.now) }
    }
    const due = { spec, registry, snapshot, schedule, nextAt: nextStart(check, stamp.now, schedule) }
    const run = await this.#run(pass, due)
    const verdict = verdictOf(run)
    if (verdict.reason === 'RegistryUnreachable') {
      await this.#unknown(pass, verdict.reason, verdict.message)
      throw new TallymanError('REGISTRY_UNREACHABLE', verdict.message)
    }
    await this.#finish(pass, { due, run, verdict })
    this.#reporter.measureImages(check, spec.imageMetrics ? run.findings : [])
    const last = (await this.#repair(pass, due, run)) ?? run
    return { requeueAfterMs: pauseUntil(nextStart(check, last.startedAt, schedule), this.#deps.clock.now()) }
  }

  /** @returns what is seen after something was copied; undefined where nothing was */
  async #repair(pass: Pass, due: Due, run: CheckRun): Promise<CheckRun | undefined> {
    const { spec, registry } = due
    if (spec.repair === undefined) {
      if (pass.check.status?.repair !== undefined)
        await this.#write(pass, ({ repair: _, ...status }) => status)
      return undefined
    }
    const { signal } = pass
    const { namespace = '' } = registry.metadata
    const from = this.#stores.registries.get(`${namespace}/${spec.repair.fromRef.name}`)
    const { fence, clock } = this.#deps
    const input = {
      spec: spec.repair,
      lookedAt: run.lookedAt,
      registry,
      from,
      access: this.#access,
      fence,
      signal,
    }
    const repair = await repairFindings(input, clock.now())
    if (repair === undefined) return undefined
    await this.#write(pass, (status) => ({ ...status, repair }))
    if (repair.repaired === 0) return undefined
    const again = await this.#run(pass, due)
    const verdict = verdictOf(again)
    // Whatever has become of the registry meanwhile is told by the next run.
    if (verdict.reason !== 'RegistryUnreachable') {
      await this.#finish(pass, { due, run: again, verdict })
      this.#reporter.measureImages(pass.check, spec.imageMetrics ? again.findings : [])
    }
    return again
  }

  /** Opens the registry and looks at every image. */
  async #run(pass: Pass, due: Due): Promise<CheckRun> {
    const { signal } = pass
    try {
      await this.#begin(pass)
      return await this.#runner.run(pass.check, due, { signal, onAnswer: () => this.#accept(pass) })
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const aboutRegistry =
        probeReason(error.code) !== undefined ||
        error.code === 'SPEC_INVALID' ||
        error.code.startsWith('REGISTRY_')
      if (signal.aborted || !aboutRegistry) throw error
      const message = `Registry ${due.registry.metadata.name}: ${error.advice}`
      await this.#unknown(pass, keptOutReason(error.code) ?? 'RegistryUnreachable', message)
      // Also what the code calls final is tried again: the registry may be mended without a change of this spec.
      throw new TallymanError('REGISTRY_UNREACHABLE', message, { cause: error })
    }
  }

  /** A spec that nothing was said about yet is Progressing while the registry is asked: that may take long. */
  async #begin(pass: Pass): Promise<void> {
    const ready = getCondition(pass.check.status?.conditions ?? [], 'Ready')
    if (ready?.observedGeneration === pass.stamp.generation) return
    await this.#write(pass, (status) => beginningStatus(status, FIRST_RUN, pass.stamp))
  }

  /**
   * The spec is accepted before its first run ends, so that a long one does not hold up a GitOps sync (S25). While any
   * later run goes on, the last verdict stands.
   */
  async #accept(pass: Pass): Promise<void> {
    const ready = getCondition(pass.check.status?.conditions ?? [], 'Ready')
    if (!isNewSpec(pass.check) && ready?.status === 'True') return
    await this.#write(pass, (status) => statusWithVerdict(status, FIRST_RUN, pass.stamp))
  }

  async #finish(pass: Pass, ended: EndedRun): Promise<void> {
    const { run, verdict } = ended
    const { seen, news } = this.#records.compare(pass.check, this.#reporter.announced(pass.check), run)
    await this.#write(pass, (status) => statusAfterRun(status, run, verdict, seen, pass.stamp), news)
    const report = await this.#records.keep(pass.check, ended, seen, pass.signal)
    if (isDeepStrictEqual(report, pass.check.status?.report)) return
    await this.#write(pass, ({ report: _, ...status }) =>
      report === undefined ? status : { ...status, report },
    )
  }

  async #missing(
    pass: Pass,
    reason: 'RegistryNotFound' | 'InventoryNotFound',
    message: string,
  ): Promise<Result> {
    const error = new TallymanError('REFERENCE_NOT_FOUND', message)
    await this.#write(pass, (status) => retryingStatus(status, reason, error, pass.stamp))
    throw error
  }

  async #unknown(pass: Pass, reason: ConditionReason, message: string): Promise<void> {
    const verdict = { status: 'Unknown', reason, message } as const
    await this.#write(pass, (status) => statusWithVerdict(status, verdict, pass.stamp))
  }

  async #write(
    pass: Pass,
    compute: (status: RegistryCheckStatus) => RegistryCheckStatus,
    news?: News,
  ): Promise<void> {
    const { signal, requested } = pass
    const answering = (status: RegistryCheckStatus) => withAnswer(compute(status), requested)
    pass.check = await this.#reporter.write(pass.check, answering, signal, news)
  }
}
