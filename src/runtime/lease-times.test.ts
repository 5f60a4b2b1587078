import fc from 'fast-check'
import { expect, test } from 'vitest'
import { areSound, DEFAULT_LEASE_TIMES, fencedRequestMs, shortestLeaseMs } from '#runtime/lease-times.ts'

test('S16: a request of the leader ends before another one can lead, however long the lease is', () => {
  const anyMs = fc.integer({ min: 1, max: 3_600_000 })
  fc.assert(
    fc.property(anyMs, anyMs, anyMs, (leaseDurationMs, renewDeadlineMs, retryPeriodMs) => {
      const times = { leaseDurationMs, renewDeadlineMs, retryPeriodMs }
      fc.pre(areSound(times))
      const requestMs = fencedRequestMs(times)
      expect(renewDeadlineMs + requestMs).toBeLessThanOrEqual(leaseDurationMs - 500)
      expect(requestMs).toBeGreaterThanOrEqual(1_000)
    }),
  )
})

test('the time limit grows with what lies between the two deadlines', () => {
  expect(fencedRequestMs(DEFAULT_LEASE_TIMES)).toBe(8_000)
  expect(fencedRequestMs({ leaseDurationMs: 60_000, renewDeadlineMs: 40_000, retryPeriodMs: 5_000 })).toBe(
    16_000,
  )
})

test('times without room for a request, or for a second try to renew, are not sound', () => {
  const leaseDurationMs = shortestLeaseMs(2_000)
  const times = { leaseDurationMs, renewDeadlineMs: 2_000, retryPeriodMs: 500 }
  expect(areSound(times)).toBe(true)
  expect(areSound({ ...times, leaseDurationMs: leaseDurationMs - 1 })).toBe(false)
  expect(areSound({ ...times, retryPeriodMs: 1_700 })).toBe(false)
})
