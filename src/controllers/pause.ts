/** The longest pause before it is looked again whether something is due: timers stand still while a machine sleeps. */
const LONGEST_PAUSE_MS = 10 * 60_000

/** How long to wait for `time`, ms; at most ten minutes, after which it is asked again. */
export function pauseUntil(time: number, now: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(0, time - now))
}
