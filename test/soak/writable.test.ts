import { expect, test } from 'vitest'
import { Writable } from './writable.ts'

test('it is settled some time after the last disturbance: as long as that took, and half a minute at most', () => {
  const writable = new Writable(0)
  expect(writable.settledAt).toBe(0)
  const first = writable.disturb(1_000)
  const second = writable.disturb(5_000)
  expect(writable.settledAt).toBeUndefined()
  first(6_000)
  first(6_000)
  expect(writable.settledAt).toBeUndefined()
  second(11_000)
  expect(writable.settledAt).toBe(24_000)
  // Who goes on trying since the first disturbance pauses the longer.
  writable.disturb(12_000)(13_000)
  expect(writable.settledAt).toBe(13_000 + 15_600)
  writable.disturb(100_000)(400_000)
  expect(writable.settledAt).toBe(436_000)
  writable.disturb(500_000)(500_000)
  expect(writable.settledAt).toBe(503_000)
})
