import type { CheckReporter } from '#controllers/check-reporter.ts'
import { type RegistryCheckObject, specOf } from '#controllers/resources.ts'
import { scheduleOf } from '#controllers/schedule.ts'
import { unlessInvalid } from '#controllers/unless-invalid.ts'
import { RegistryCheckSpec, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { outdatedAt } from '#health/staleness.ts'
import type { CheckReport } from '#report/check-report.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

/** What this process can tell of a check to whoever asks for a report. */
export interface ReportedCheck {
  readonly status: RegistryCheckStatus | undefined
  readonly isSuspended: boolean
  /** From when on the last complete run is too old to say anything, ms since the epoch; undefined: never. */
  readonly outdatedAt: number | undefined
  /** Of the last run of this process. */
  readonly report: CheckReport | undefined
}

/** The whole reports of the runs that this process has made, and what every replica knows of a check without one. */
export class CheckReports {
  readonly #checks: ObjectStore<RegistryCheckObject>
  readonly #reporter: CheckReporter
  readonly #reports = new Map<string, CheckReport>()

  constructor(checks: ObjectStore<RegistryCheckObject>, reporter: CheckReporter) {
    this.#checks = checks
    this.#reporter = reporter
  }

  keep(key: string, report: CheckReport): void {
    this.#reports.set(key, report)
  }

  forget(key: string): void {
    this.#reports.delete(key)
  }

  /** undefined: there is no such check. Any text may be asked for. */
  check(namespace: string, name: string): ReportedCheck | undefined {
    const key = `${namespace}/${name}`
    const shown = this.#checks.get(key)
    if (shown === undefined) return undefined
    const check = this.#reporter.latest(shown)
    const { status } = check
    return { status, report: this.#reports.get(key), ...planOf(check) }
  }
}

/** A spec that cannot be carried out says nothing of when its report is too old: its condition is Unknown anyway. */
function planOf(check: RegistryCheckObject): Pick<ReportedCheck, 'isSuspended' | 'outdatedAt'> {
  const plan = unlessInvalid(() => {
    const spec = specOf(RegistryCheckSpec, check)
    const limit = outdatedAt(check.status?.run, scheduleOf(spec).next)
    return { isSuspended: spec.suspend, outdatedAt: limit }
  })
  return plan ?? { isSuspended: false, outdatedAt: undefined }
}
