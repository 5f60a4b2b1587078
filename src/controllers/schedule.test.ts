import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { scheduleOf } from '#controllers/schedule.ts'

const at = (text: string) => Date.parse(text)
const next = (spec: Parameters<typeof scheduleOf>[0], from: string) => {
  const time = scheduleOf(spec).next(at(from))
  return time === undefined ? undefined : new Date(time).toISOString()
}

function refusal(spec: Parameters<typeof scheduleOf>[0]): string {
  try {
    scheduleOf(spec)
  } catch (error) {
    if (error instanceof TallymanError && error.code === 'SPEC_INVALID') return error.message
    throw error
  }
  throw new Error('it was taken')
}

describe('an interval', () => {
  test('counts from start to start, and is 15 minutes by default', () => {
    expect(next({ interval: '6h' }, '2026-01-01T10:00:00Z')).toBe('2026-01-01T16:00:00.000Z')
    expect(next({}, '2026-01-01T10:00:00Z')).toBe('2026-01-01T10:15:00.000Z')
    expect(next({ interval: '1s' }, '2026-01-01T10:00:00Z')).toBe('2026-01-01T10:00:01.000Z')
  })

  test.each(['0s', '999ms', '', 'often', '-5m', '99999999999999999999w'])('is refused as %j', (interval) => {
    expect(refusal({ interval })).toBe(
      `spec.interval: ${JSON.stringify(interval)} must be a duration of at least 1s, such as 15m`,
    )
  })
})

describe('starts', () => {
  const from = at('2026-01-01T10:00:00Z')
  const HOUR = 3_600_000

  test('that an interval brings are spread over its last twentieth, and never come late', () => {
    const { startAfter } = scheduleOf({ interval: '1h' })
    const pauses = Array.from({ length: 1_000 }, (_, n) => (startAfter(from, `check-${n}`) ?? 0) - from)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(HOUR)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(HOUR * 0.95)
    const early = pauses.filter((pause) => pause < HOUR * 0.975).length
    expect(early).toBeGreaterThan(400)
    expect(early).toBeLessThan(600)
  })

  test('are the same whoever asks, so that a restart moves none', () => {
    const [one, other] = [scheduleOf({ interval: '1h' }), scheduleOf({ interval: '1h' })]
    expect(one.startAfter(from, 'uid')).toBe(other.startAfter(from, 'uid'))
    expect(one.startAfter(from, 'uid')).not.toBe(other.startAfter(from, 'uid-2'))
  })

  test('that a cron expression names are kept', () => {
    const { startAfter } = scheduleOf({ schedule: '0 3 * * *' })
    expect(startAfter(from, 'uid')).toBe(at('2026-01-02T03:00:00Z'))
  })
})

describe('a cron expression', () => {
  test.each([
    ['0 3 * * *', undefined, '2026-01-01T02:59:59Z', '2026-01-01T03:00:00.000Z'],
    ['0 3 * * *', undefined, '2026-01-01T03:00:00Z', '2026-01-02T03:00:00.000Z'],
    ['*/15 * * * *', 'UTC', '2026-01-01T10:07:00Z', '2026-01-01T10:15:00.000Z'],
    ['0 3 * * *', 'Europe/Oslo', '2026-01-01T00:00:00Z', '2026-01-01T02:00:00.000Z'],
    ['0 3 * * *', 'Europe/Oslo', '2026-07-01T00:00:00Z', '2026-07-01T01:00:00.000Z'],
    ['0 0 29 2 *', 'UTC', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['0 12 * * MON', 'UTC', '2026-01-01T00:00:00Z', '2026-01-05T12:00:00.000Z'],
  ])('%s in %s after %s: %s', (schedule, timeZone, from, expected) => {
    expect(next({ schedule, timeZone }, from)).toBe(expected)
  })

  test('goes on through the hour that summer time leaves out', () => {
    const skipped = next({ schedule: '30 2 * * *', timeZone: 'Europe/Oslo' }, '2026-03-28T12:00:00Z')
    expect(skipped).toMatch(/^2026-03-29T01:/)
  })

  test.each(['0 0 31 2 *', '0 0 30 FEB *', '0 0 31 4,6,9,11 *', '0 0 31 2 +MON'])(
    'that never comes is refused with field, value and remedy: %s',
    (schedule) => {
      expect(refusal({ schedule })).toMatch(
        /^spec\.schedule: ".+" never comes: no month that it names has such a day; name a day that there is, such as /,
      )
      expect(refusal({ schedule })).toContain(JSON.stringify(schedule))
    },
  )

  test.each([
    ['@hourly', '2026-01-01T11:00:00.000Z'],
    ['@daily', '2026-01-02T00:00:00.000Z'],
    ['@midnight', '2026-01-02T00:00:00.000Z'],
    ['@weekly', '2026-01-04T00:00:00.000Z'],
    ['@monthly', '2026-02-01T00:00:00.000Z'],
    ['@yearly', '2027-01-01T00:00:00.000Z'],
    ['@annually', '2027-01-01T00:00:00.000Z'],
    [' 0 12  L 2 * ', '2026-02-28T12:00:00.000Z'],
  ])('may be written %s', (schedule, expected) => {
    expect(next({ schedule }, '2026-01-01T10:30:00Z')).toBe(expected)
  })

  const NONE = [
    'daily',
    '0 3 * * * UTC',
    '@reboot',
    '@Daily',
    '@every 1h',
    '2027-01-01T03:00:00',
    '0 3 * * 8',
  ]
  test.each(['', '* * * *', '* * * * * *', '61 * * * *', ...NONE])('is refused as %j', (schedule) => {
    expect(refusal({ schedule })).toContain(
      `spec.schedule: ${JSON.stringify(schedule)} must be a cron expression with five fields, such as "0 3 * * *", or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually`,
    )
  })

  test('is refused in a time zone that is none', () => {
    expect(refusal({ schedule: '0 3 * * *', timeZone: 'Mars/Olympus' })).toBe(
      'spec.timeZone: "Mars/Olympus" must be an IANA name such as Europe/Oslo',
    )
  })
})

describe('any schedule', () => {
  const spec = fc.oneof(
    fc.integer({ min: 1, max: 10_000 }).map((minutes) => ({ interval: `${minutes}m` })),
    fc.record({
      schedule: fc.tuple(fc.nat(59), fc.nat(23)).map(([minute, hour]) => `${minute} ${hour} * * *`),
      timeZone: fc.constantFrom('UTC', 'Europe/Oslo', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham'),
    }),
  )

  test('goes forward', () => {
    const time = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') })
    fc.assert(
      fc.property(spec, time, (chosen, now) => {
        const then = scheduleOf(chosen).next(now)
        expect(then).toBeGreaterThan(now)
        if ('schedule' in chosen) expect(Number(then) - now).toBeLessThanOrEqual(49 * 3_600_000)
      }),
      { numRuns: 50 },
    )
  })
})
