import type { News } from '#controllers/check-reporter.ts'
import type { CheckReports } from '#controllers/check-reports.ts'
import type { CheckRun } from '#controllers/check-run.ts'
import type { Due } from '#controllers/check-runner.ts'
import {
  countNew,
  type FirstSeen,
  firstSeenIn,
  firstSeenKey,
  firstSeenOf,
  updateFirstSeen,
} from '#controllers/check-status.ts'
import type { CheckWorkspace, ReportStatus } from '#controllers/check-workspace.ts'
import type { LiveInventories } from '#controllers/image-inventory-controller.ts'
import type { RegistryCheckObject, RegistryObject } from '#controllers/resources.ts'
import type { Schedule } from '#controllers/schedule.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import { outdatedAt } from '#health/staleness.ts'
import type { Verdict } from '#health/verdict.ts'
import { buildCheckReport } from '#report/build-check-report.ts'
import type { CheckReport } from '#report/check-report.ts'
import { keyOf } from '#runtime/object-key.ts'

/** So many nodes that run, ran or cache an image are named in a report. */
const NODES_NAMED = 10

/** A run that is over, and what it was made from. */
export interface EndedRun {
  readonly due: Due
  readonly run: CheckRun
  readonly verdict: Verdict
}

export interface CheckRecordsParts {
  readonly live: LiveInventories
  readonly reports: CheckReports
  readonly workspace: CheckWorkspace
}

/** What is known of each check between its runs: since when its findings are known, and its last report. */
export class CheckRecords {
  readonly #parts: CheckRecordsParts
  readonly #firstSeen = new Map<string, FirstSeen>()

  constructor(parts: CheckRecordsParts) {
    this.#parts = parts
  }

  /** What another leader has found since our last term is not remembered here. */
  beginTerm(): void {
    this.#firstSeen.clear()
    this.#parts.workspace.beginTerm()
  }

  /** The check is gone. */
  forget(key: string): void {
    this.#firstSeen.delete(key)
    this.#parts.workspace.forget(key)
    this.#parts.reports.forget(key)
  }

  /** What the last run found is known again after a restart, and to a new leader, as far as it was kept. */
  async recall(
    check: RegistryCheckObject,
    registry: RegistryObject,
    schedule: Schedule,
    signal: AbortSignal,
  ): Promise<void> {
    const key = keyOf(check)
    if (this.#firstSeen.has(key)) return
    const report = await this.#parts.workspace.load(check, registry, signal)
    const { run, oldestEvidence = null, report: kept } = check.status ?? {}
    if (report === undefined || run === undefined) return
    this.#firstSeen.set(key, firstSeenIn(report))
    // A process that was killed between its run and its report has left an older one.
    if (kept?.redacted === true || kept?.finishedAt !== run.finishedAt) return
    const until = outdatedAt(run, schedule.next)
    const validUntil = until === undefined ? null : new Date(until).toISOString()
    // It was kept by the first of the runs that saw the same.
    this.#parts.reports.keep(key, { ...report, run: { ...run, validUntil, oldestEvidence } })
  }

  /**
   * Since when each finding of a run is known, and what is new against the one before.
   * @param announced the status that was told last
   */
  compare(
    check: RegistryCheckObject,
    announced: RegistryCheckStatus | undefined,
    run: CheckRun,
  ): { readonly seen: FirstSeen; readonly news: News } {
    const remembered = this.#firstSeen.get(keyOf(check))
    const known = remembered ?? firstSeenOf(announced)
    const seen = updateFirstSeen(known, run.findings, run.startedAt)
    if (remembered !== undefined || announced?.findingsTruncated !== true) {
      return { seen, news: { appeared: countNew(seen, known), disappeared: countNew(known, seen) } }
    }
    // After a restart only the findings that the status shows are known: where it shows not all, counts must do.
    const same = JSON.stringify(announced.findingCounts) === JSON.stringify(run.counts)
    return { seen, news: { appeared: Number(!same), disappeared: 0 } }
  }

  /**
   * Makes the report of a run whose status was written, and keeps it.
   * @param seen of `compare`
   * @returns what the status says of where it is kept; undefined: nothing
   * @throws CANCELLED, LEADERSHIP_LOST
   */
  async keep(
    check: RegistryCheckObject,
    ended: EndedRun,
    seen: FirstSeen,
    signal: AbortSignal,
  ): Promise<ReportStatus | undefined> {
    const key = keyOf(check)
    this.#firstSeen.set(key, seen)
    const report = await this.#report(check, ended, seen)
    this.#parts.reports.keep(key, report)
    return await this.#parts.workspace.keep(check, ended.due.registry, report, signal)
  }

  async #report(
    check: RegistryCheckObject,
    { due: { spec, registry, schedule }, run, verdict }: EndedRun,
    seen: FirstSeen,
  ): Promise<CheckReport> {
    const { namespace = '', name, uid = '' } = check.metadata
    const found = new Set([...run.findings, ...run.accepted].map(({ use }) => use.image))
    const live = this.#parts.live.get(`${namespace}/${spec.inventoryRef.name}`)
    const nodes = await live?.nodesOf(found, NODES_NAMED)
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
}
