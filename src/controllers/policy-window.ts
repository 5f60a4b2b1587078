import type { Schedule } from '#controllers/schedule.ts'

/** When a run may delete; all times are ms since the epoch. */
export type Window =
  | { readonly isOpen: true; readonly endsAt: number }
  /** @property opensAt Infinity: never again */
  | { readonly isOpen: false; readonly opensAt: number }

export interface WindowInput {
  readonly schedule: Schedule
  /** Cron times are windows; an interval only says how often. */
  readonly isCron: boolean
  readonly maxDurationMs: number
  /** Somebody has asked for it now (tallyman.dev/requestedAt). */
  readonly isRequested: boolean
  readonly now: number
}

/**
 * With cron times something goes only in the time of spec.maxDuration after one of them, or when it is asked for. With an interval, at any time, for spec.maxDuration in one piece.
 */
export function windowAt({ schedule, isCron, maxDurationMs, isRequested, now }: WindowInput): Window {
  if (!isCron || isRequested) return { isOpen: true, endsAt: now + maxDurationMs }
  let start = schedule.next(now - maxDurationMs)
  if (start === undefined || start > now) return { isOpen: false, opensAt: start ?? Number.POSITIVE_INFINITY }
  // Where one window reaches into the next, the last that has begun counts.
  for (let n = 0; n < MOST_OVERLAPPING; n += 1) {
    const following = schedule.next(start)
    if (following === undefined || following > now) break
    start = following
  }
  return { isOpen: true, endsAt: start + maxDurationMs }
}

const MOST_OVERLAPPING = 10_000
