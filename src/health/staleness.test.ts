import { describe, expect, test } from 'vitest'
import { staleVerdict } from '#health/staleness.ts'

const HOUR = 3_600_000
const START = '2026-01-01T00:00:00Z'
const END = '2026-01-01T00:10:00Z'
const RUN = { startedAt: START, finishedAt: END }
const hourly = (time: number) => time + HOUR
const hoursLater = (hours: number, extraMs = 0) => Date.parse(END) + hours * HOUR + extraMs

describe('S22: the age of a report', () => {
  test('counts from the end of a run that took longer than its intervals', () => {
    const long = { startedAt: '2025-12-31T20:00:00Z', finishedAt: END }
    expect(staleVerdict(long, hourly, hoursLater(1))).toBeUndefined()
  })

  test('of up to two intervals says what it said', () => {
    expect(staleVerdict(RUN, hourly, hoursLater(0))).toBeUndefined()
    expect(staleVerdict(RUN, hourly, hoursLater(2))).toBeUndefined()
  })

  test('of more than two intervals makes it Unknown', () => {
    expect(staleVerdict(RUN, hourly, hoursLater(2, 1))).toEqual({
      status: 'Unknown',
      reason: 'OutdatedReport',
      message: `The last complete run ended at ${END}, more than two intervals ago`,
    })
  })

  test('is none where there is no report yet', () => {
    expect(staleVerdict(undefined, hourly, hoursLater(100))).toBeUndefined()
  })

  test('does not matter where the schedule has no second start', () => {
    expect(staleVerdict(RUN, () => undefined, hoursLater(100))).toBeUndefined()
    const once = (time: number) => (time === hoursLater(0) ? hoursLater(1) : undefined)
    expect(staleVerdict(RUN, once, hoursLater(100))).toBeUndefined()
  })
})
