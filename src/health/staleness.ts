import type { Verdict } from '#health/verdict.ts'

/** The last complete run, RFC 3339. */
export interface CompleteRun {
  readonly startedAt: string
  readonly finishedAt: string
}

/**
 * From when on the last complete run is too old to say anything, ms since the epoch: two starts of the schedule after its
 * end. undefined: never, because there is no such run, or the schedule ends.
 * @param next the start that the schedule has after a time, ms since the epoch
 */
export function outdatedAt(
  run: CompleteRun | undefined,
  next: (time: number) => number | undefined,
): number | undefined {
  if (run === undefined) return undefined
  const first = next(Math.max(Date.parse(run.startedAt), Date.parse(run.finishedAt)))
  return first === undefined ? undefined : next(first)
}

/**
 * What to say instead of the verdict of the last complete run when that is older than two intervals (S22). Only a living
 * operator gets here; for a dead one there is the alert TallymanAbsent.
 */
export function staleVerdict(
  run: CompleteRun | undefined,
  next: (time: number) => number | undefined,
  now: number,
): Verdict | undefined {
  const limit = outdatedAt(run, next)
  if (run === undefined || limit === undefined || now <= limit) return undefined
  return {
    status: 'Unknown',
    reason: 'OutdatedReport',
    message: `The last complete run ended at ${run.finishedAt}, more than two intervals ago`,
  }
}
