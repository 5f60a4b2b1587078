/** The times of a leader election, in milliseconds. */
export interface LeaseTimes {
  /** A standby takes over when it saw no renewal for this long. */
  readonly leaseDurationMs: number
  /** The leader stops this long after it sent its last successful renewal. What is left of leaseDurationMs is for requests under way. */
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
}

export const DEFAULT_LEASE_TIMES: LeaseTimes = {
  leaseDurationMs: 30_000,
  renewDeadlineMs: 20_000,
  retryPeriodMs: 4_000,
}

/** Of the time between the two deadlines: what timers that fire late and clocks that differ may take. */
const MARGIN_SHARE = 0.2
const MIN_MARGIN_MS = 500
/** With less time than this, requests to a healthy API server would be given up. */
const MIN_REQUEST_MS = 1_000

/** The shortest leaseDurationMs with which a request of a leader can end before another one leads. */
export function shortestLeaseMs(renewDeadlineMs: number): number {
  return renewDeadlineMs + MIN_REQUEST_MS + MIN_MARGIN_MS
}

/**
 * Time limit of a request that only a leader may send. It may be sent right before the renew deadline, and must have
 * ended when a standby may take over: what lies between the two, less a margin. 8 s with the default times.
 */
export function fencedRequestMs({ leaseDurationMs, renewDeadlineMs }: LeaseTimes): number {
  const gapMs = leaseDurationMs - renewDeadlineMs
  return gapMs - Math.max(MIN_MARGIN_MS, gapMs * MARGIN_SHARE)
}

/** Whether the times leave room for what happens between them. */
export function areSound({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseTimes): boolean {
  return leaseDurationMs >= shortestLeaseMs(renewDeadlineMs) && renewDeadlineMs > retryPeriodMs * 1.2
}
