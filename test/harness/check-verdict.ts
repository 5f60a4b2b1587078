import type { CheckReport } from '#report/check-report.ts'
import { type CurrentVerdict, verdictOfStatus } from '#report/current-verdict.ts'

/** What is said of a check at `now`, ms since the epoch, whose last run has made this report. */
export function verdictOfReport(report: CheckReport, now: number): CurrentVerdict {
  const { run, verdict, imageCounts, findingCounts } = report
  const { startedAt, finishedAt, durationSeconds, validUntil } = run
  const status = {
    conditions: [{ ...verdict, type: 'Healthy', lastTransitionTime: finishedAt }],
    run: { startedAt, finishedAt, durationSeconds },
    ...{ images: imageCounts, findingCounts },
  }
  const outdatedAt = validUntil === null ? undefined : Date.parse(validUntil)
  return verdictOfStatus({ status, outdatedAt, isSuspended: false, now })
}
