import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import type { CheckReport } from '#report/check-report.ts'

/** What this process knows of one RegistryCheck. */
export interface KnownCheck {
  readonly status: RegistryCheckStatus | undefined
  readonly isSuspended: boolean
  /**
   * From when on the last complete run of `status` is too old to say anything, ms since the epoch (health/staleness.ts);
   * undefined: never.
   */
  readonly outdatedAt: number | undefined
  /** Of the last complete run that this process has made or read; not on a standby, nor after a restart until the next run. */
  readonly report: CheckReport | undefined
}

/** Where the server asks for checks. */
export interface ReportSource {
  /** undefined: there is no such check. Any text may be asked for. */
  check(namespace: string, name: string): KnownCheck | undefined
  /** `namespace/name` of the check that the paths without a name are about. */
  readonly defaultCheck: string | undefined
}
