import { createHash } from 'node:crypto'
import { Cron } from 'croner'
import { TallymanError } from '#catalogue/error.ts'
import { isSchedule, SCHEDULE_MESSAGE } from '#crds/cron-schedule.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import { parseDuration } from '#time/duration.ts'

const DEFAULT_INTERVAL_MS = 15 * 60_000
/** Shorter, nothing else would be done. */
const MIN_INTERVAL_MS = 1_000

/** Share of an interval by which a start may come early: what was created together does not run together for ever. */
const EARLY_SHARE = 0.05

/** When a check or a policy runs. All times are milliseconds since the epoch. */
export interface Schedule {
  /** The first start after `time`; undefined: none within the times that there are. */
  next(time: number): number | undefined
  /**
   * The start that follows one at `startedAt`: up to 5 % of an interval earlier than next() says, and never later, so
   * that no report grows older for it. A cron expression means its times.
   * @param seed the same seed gives the same time
   */
  startAfter(startedAt: number, seed: string): number | undefined
}

/**
 * The schedule of a spec: an interval between starts, or a cron expression in a time zone.
 * @throws TallymanError SPEC_INVALID with field, value and what would be right
 */
export function scheduleOf(spec: Pick<RegistryCheckSpec, 'interval' | 'schedule' | 'timeZone'>): Schedule {
  return spec.schedule === undefined ? every(spec.interval) : cron(spec.schedule, spec.timeZone ?? 'UTC')
}

function every(interval: string | undefined): Schedule {
  const ms = interval === undefined ? DEFAULT_INTERVAL_MS : parseDuration(interval)
  if (ms === undefined || ms < MIN_INTERVAL_MS) {
    throw new TallymanError(
      'SPEC_INVALID',
      `spec.interval: ${JSON.stringify(interval)} must be a duration of at least 1s, such as 15m`,
    )
  }
  return {
    next: (time) => time + ms,
    startAfter: (startedAt, seed) => startedAt + ms * (1 - EARLY_SHARE * fraction(seed)),
  }
}

function cron(expression: string, timeZone: string): Schedule {
  assertTimeZone(timeZone)
  const job = parsed(expression, timeZone)
  const next = (time: number) => job.nextRun(new Date(time))?.getTime()
  // Without a year in it, what does not come after this moment never does.
  if (next(0) === undefined) {
    throw new TallymanError(
      'SPEC_INVALID',
      `spec.schedule: ${JSON.stringify(expression)} never comes: no month that it names has such a day; name a day that there is, such as "0 3 28 * *", or L for the last one`,
    )
  }
  return { next, startAfter: next }
}

/** @throws SPEC_INVALID */
function parsed(expression: string, timeZone: string): Cron {
  const refusal = `spec.schedule: ${JSON.stringify(expression)} ${SCHEDULE_MESSAGE}`
  // Also a moment as ISO 8601 writes it would be taken for a schedule.
  if (!isSchedule(expression)) throw new TallymanError('SPEC_INVALID', refusal)
  try {
    return new Cron(expression, { paused: true, timezone: timeZone, mode: '5-part' })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TallymanError('SPEC_INVALID', `${refusal} (${why})`, { cause: error })
  }
}

/** A number in [0, 1), evenly spread over seeds. */
function fraction(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE() / 2 ** 32
}

function assertTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (error) {
    throw new TallymanError(
      'SPEC_INVALID',
      `spec.timeZone: ${JSON.stringify(timeZone)} must be an IANA name such as Europe/Oslo`,
      {
        cause: error,
      },
    )
  }
}
