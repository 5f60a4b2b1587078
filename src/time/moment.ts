import type { Clock } from '#time/clock.ts'

/** A moment on both clocks of this process, in milliseconds. */
export interface Moment {
  readonly wall: number
  readonly monotonic: number
}

export function momentOf(clock: Pick<Clock, 'now' | 'monotonic'>): Moment {
  return { wall: clock.now(), monotonic: clock.monotonic() }
}

/**
 * How long ago it was, in milliseconds, at least: Linux stops the monotonic clock while a machine is suspended, and the wall clock may be set. What must not be too old goes by the
 * larger of both.
 */
export function ageOf(since: Moment, clock: Pick<Clock, 'now' | 'monotonic'>): number {
  return Math.max(clock.now() - since.wall, clock.monotonic() - since.monotonic)
}
