import type { Verdict } from '#health/verdict.ts'

/**
 * Whether the last complete run is too old to say anything: older than two intervals (S22). Only a living operator gets
 * here; for a dead one there are the metric tallyman_check_last_run_timestamp_seconds and its alert.
 * @param run RFC 3339 start and end of the last complete run; a run longer than its interval is not stale for that
 * @param next the start that the schedule has after a time, ms since the epoch
 */
export function staleVerdict(
  run: { readonly startedAt: string; readonly finishedAt: string } | undefined,
  next: (time: number) => number | undefined,
  now: number,
): Verdict | undefined {
  if (run === undefined) return undefined
  const first = next(Math.max(Date.parse(run.startedAt), Date.parse(run.finishedAt)))
  const second = first === undefined ? undefined : next(first)
  if (second === undefined || now <= second) return undefined
  return {
    status: 'Unknown',
    reason: 'OutdatedReport',
    message: `The last complete run ended at ${run.finishedAt}, more than two intervals ago`,
  }
}
