import { describe, expect, test } from 'vitest'
import { windowAt } from '#controllers/policy-window.ts'
import { scheduleOf } from '#controllers/schedule.ts'

const at = (text: string) => Date.parse(`2026-11-26T${text}Z`)
const HOUR = 3_600_000
const nightly = scheduleOf({ schedule: '0 3 * * *' })
const look = (time: string, more: object = {}) =>
  windowAt({
    ...{ schedule: nightly, isCron: true, maxDurationMs: 2 * HOUR, isRequested: false, now: at(time) },
    ...more,
  })

describe('with cron times a run may delete', () => {
  test.each([
    ['03:00:00', { isOpen: true, endsAt: at('05:00:00') }],
    ['04:59:59', { isOpen: true, endsAt: at('05:00:00') }],
    ['02:59:59', { isOpen: false, opensAt: at('03:00:00') }],
    ['05:00:00', { isOpen: false, opensAt: at('03:00:00') + 24 * HOUR }],
    ['12:00:00', { isOpen: false, opensAt: at('03:00:00') + 24 * HOUR }],
  ])('at %s: %j', (time, expected) => {
    expect(look(time)).toEqual(expected)
  })

  test('at any time when it is asked for', () => {
    expect(look('12:00:00', { isRequested: true })).toEqual({ isOpen: true, endsAt: at('14:00:00') })
  })

  test('in the last of several windows that reach into each other', () => {
    const hourly = scheduleOf({ schedule: '0 * * * *' })
    expect(look('12:30:00', { schedule: hourly })).toEqual({ isOpen: true, endsAt: at('14:00:00') })
  })
})

test('with an interval it may at any time', () => {
  const schedule = scheduleOf({ interval: '6h' })
  expect(look('12:00:00', { schedule, isCron: false })).toEqual({ isOpen: true, endsAt: at('14:00:00') })
})
