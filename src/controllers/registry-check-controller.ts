import { isDeepStrictEqual } from 'node:util'
import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { dueAt, isNewSpec, nextStart } from '#controllers/check-due.ts'
import { CheckMemories } from '#controllers/check-memories.ts'
import { CheckPullSecrets } from '#controllers/check-pull-secrets.ts'
import { repairFindings } from '#controllers/check-repair.ts'
import { type CheckReporter, checkSubject, type News } from '#controllers/check-reporter.ts'
import type { CheckReports } from '#controllers/check-reports.ts'
import { type CheckRun, runCheck } from '#controllers/check-run.ts'
import { type Schedule, scheduleOf } from '#controllers/check-schedule.ts'
import {
  beginningStatus,
  countNew,
  type FirstSeen,
  firstSeenIn,
  firstSeenKey,
  firstSeenOf,
  retryingStatus,
  stalledStatus,
  statusAfterRun,
  statusWithVerdict,
  updateFirstSeen,
  withAnswer,
} from '#controllers/check-status.ts'
import { CheckWorkspace } from '#controllers/check-workspace.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import type { LiveInventories } from '#controllers/image-inventory-controller.ts'
import { pauseUntil } from '#controllers/pause.ts'
import { probeReason } from '#controllers/probe-reasons.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { registryNames } from '#controllers/registry-names.ts'
import {
  type ImageInventoryObject,
  type RegistryCheckObject,
  type RegistryObject,
  specOf,
} from '#controllers/resources.ts'
import { workspacesIn } from '#controllers/workspaces.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { RegistryCheckSpec, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { outdatedAt } from '#health/staleness.ts'
import { type Verdict, verdictOf } from '#health/verdict.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { buildCheckReport } from '#report/build-check-report.ts'
import type { CheckReport } from '#report/check-report.ts'
import { getCondition, type Stamp } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import { keyOf } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { pendingRequest, requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'
import type { BackoffPolicy } from '#time/backoff.ts'

export const CHECK_BACKOFF: BackoffPolicy = { initial: 750, max: 5 * 60_000, factor: 2, jitter: 0.2 }
/** How soon a run that could not look is tried again when nothing wakes it earlier. */
const NOT_SYNCED_RETRY_MS = 10_000
/** So many nodes that run, ran or cache an image are named in a report. */
const NODES_NAMED = 10

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

/** What a run that is due works with. */
interface Due {
  readonly spec: RegistryCheckSpec
  readonly registry: RegistryObject
  readonly snapshot: InventorySnapshot
  readonly schedule: Schedule
  /** When the next run begins, ms since the epoch. */
  readonly nextAt: number
}

/** Runs a RegistryCheck when it is due and keeps its status. Reads registries, and writes to one only where spec.repair says so. */
export class RegistryCheckController {
  readonly #deps: ControllerDeps
  readonly #reporter: CheckReporter
  readonly #access: RegistryAccess
  readonly #live: LiveInventories
  readonly #stores: RegistryCheckStores
  readonly #firstSeen = new Map<string, FirstSeen>()
  readonly #memories = new CheckMemories()
  readonly #reports: CheckReports
  readonly #workspace: CheckWorkspace

  constructor(
    deps: ControllerDeps,
    reporter: CheckReporter,
    access: RegistryAccess,
    live: LiveInventories,
    stores: RegistryCheckStores,
    reports: CheckReports,
  ) {
    this.#reports = reports
    this.#workspace = new CheckWorkspace({ ...deps, access, registries: stores.registries })
    this.#deps = deps
    this.#reporter = reporter
    this.#access = access
    this.#live = live
    this.#stores = stores
  }

  /** What another leader has found and told since our last term is not remembered here. */
  readonly beginTerm = (): void => {
    this.#firstSeen.clear()
    this.#workspace.beginTerm()
    this.#reporter.beginTerm()
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const shown = this.#stores.checks.get(key)
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) {
      this.#firstSeen.delete(key)
      this.#workspace.forget(key)
      this.#memories.forget(key)
      this.#reports.forget(key)
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

    await this.#recall(pass, registry, schedule)
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
    await this.#finish(pass, due, run, verdict)
    this.#reporter.measureImages(check, spec.imageMetrics ? run.findings : [])
    const last = (await this.#repair(pass, due, run)) ?? run
    return { requeueAfterMs: pauseUntil(nextStart(check, last.startedAt, schedule), this.#deps.clock.now()) }
  }

  /** What the last run found is known again after a restart, and to a new leader, as far as it was kept. */
  async #recall({ check, signal }: Pass, registry: RegistryObject, schedule: Schedule): Promise<void> {
    const key = keyOf(check)
    if (this.#firstSeen.has(key)) return
    const report = await this.#workspace.load(check, registry, signal)
    const { run, oldestEvidence = null, report: kept } = check.status ?? {}
    if (report === undefined || run === undefined) return
    this.#firstSeen.set(key, firstSeenIn(report))
    // A process that was killed between its run and its report has left an older one.
    if (kept?.redacted === true || kept?.finishedAt !== run.finishedAt) return
    const until = outdatedAt(run, schedule.next)
    const validUntil = until === undefined ? null : new Date(until).toISOString()
    // It was kept by the first of the runs that saw the same.
    this.#reports.keep(key, { ...report, run: { ...run, validUntil, oldestEvidence } })
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
      await this.#finish(pass, due, again, verdict)
      this.#reporter.measureImages(pass.check, spec.imageMetrics ? again.findings : [])
    }
    return again
  }

  /** Opens the registry and looks at every image. */
  async #run(pass: Pass, { spec, registry, snapshot, nextAt }: Due): Promise<CheckRun> {
    const { signal } = pass
    try {
      await this.#begin(pass)
      const registrySpec = specOf(RegistrySpec, registry)
      const names = registryNames(registrySpec, registry.metadata.namespace ?? '')
      const opened = await this.#access.open(registry, signal)
      await this.#accept(pass)
      const { clock } = this.#deps
      const memory = this.#memories.of(pass.check, registry, opened.url, clock)
      const pullSecrets = this.#pullSecrets({ spec, registry, snapshot }, signal)
      const run = await runCheck({
        ...{ spec, registry: registrySpec, names, opened, snapshot, memory, nextAt, clock, signal },
        workspaces: workspacesIn(registry, this.#stores.registries),
        asPods: pullSecrets?.look,
        isRequested: pendingRequest(pass.check) !== undefined,
      })
      this.#memories.keep(pass.check, run.memory)
      return { ...run, pullSecrets: pullSecrets?.status }
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const aboutRegistry =
        probeReason(error.code) !== undefined ||
        error.code === 'SPEC_INVALID' ||
        error.code.startsWith('REGISTRY_')
      if (signal.aborted || !aboutRegistry) throw error
      const message = `Registry ${registry.metadata.name}: ${error.advice}`
      await this.#unknown(pass, 'RegistryUnreachable', message)
      // Also what the code calls final is tried again: the registry may be mended without a change of this spec.
      throw new TallymanError('REGISTRY_UNREACHABLE', message, { cause: error })
    }
  }

  /** undefined: nobody asks for it, or the inventory is gone. */
  #pullSecrets(
    { spec, registry, snapshot }: Pick<Due, 'spec' | 'registry' | 'snapshot'>,
    signal: AbortSignal,
  ): CheckPullSecrets | undefined {
    if (spec.credentials !== 'Pod') return undefined
    const live = this.#live.get(`${registry.metadata.namespace ?? ''}/${spec.inventoryRef.name}`)
    const { clock } = this.#deps
    return live && new CheckPullSecrets({ live, snapshot, registry, access: this.#access, clock, signal })
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

  async #finish(pass: Pass, due: Due, run: CheckRun, verdict: Verdict): Promise<void> {
    const key = keyOf(pass.check)
    const remembered = this.#firstSeen.get(key)
    const announced = this.#reporter.announced(pass.check)
    const known = remembered ?? firstSeenOf(announced)
    const seen = updateFirstSeen(known, run.findings, run.startedAt)
    const compute = (status: RegistryCheckStatus) => statusAfterRun(status, run, verdict, seen, pass.stamp)
    // After a restart only the findings that the status shows are known: where it shows not all, counts must do.
    const isKnown = remembered !== undefined || announced?.findingsTruncated !== true
    const same = JSON.stringify(announced?.findingCounts) === JSON.stringify(compute({}).findingCounts)
    const appeared = isKnown ? countNew(seen, known) : Number(!same)
    const disappeared = isKnown ? countNew(known, seen) : 0
    await this.#write(pass, compute, { appeared, disappeared })
    this.#firstSeen.set(key, seen)
    await this.#keep(pass, due, this.#report(pass, due, run, verdict, seen))
  }

  async #keep(pass: Pass, { registry }: Due, report: CheckReport): Promise<void> {
    this.#reports.keep(keyOf(pass.check), report)
    const kept = await this.#workspace.keep(pass.check, registry, report, pass.signal)
    if (isDeepStrictEqual(kept, pass.check.status?.report)) return
    await this.#write(pass, ({ report: _, ...status }) =>
      kept === undefined ? status : { ...status, report: kept },
    )
  }

  #report(
    { check }: Pass,
    { spec, registry, schedule }: Due,
    run: CheckRun,
    verdict: Verdict,
    seen: FirstSeen,
  ): CheckReport {
    const { namespace = '', name, uid = '' } = check.metadata
    const found = new Set([...run.findings, ...run.accepted].map(({ use }) => use.image))
    const nodes = this.#live.get(`${namespace}/${spec.inventoryRef.name}`)?.nodesOf(found, NODES_NAMED)
    return buildCheckReport({
      check: { namespace, name, uid },
      registry: { name: registry.metadata.name, url: run.registryUrl },
      inventory: spec.inventoryRef.name,
      ...{ spec, run, verdict },
      outdatedAt: outdatedAt(check.status?.run, schedule.next),
      firstSeen: (finding) => seen.get(firstSeenKey(finding))?.at,
      nodes: (image) => nodes?.get(image),
    })
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
