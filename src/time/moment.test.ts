import { expect, test } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { ageOf, momentOf } from '#time/moment.ts'

test('what happened before a machine was suspended is as old as the wall clock says, and never younger than it was measured', async () => {
  const clock = new FakeClock()
  const since = momentOf(clock)
  expect(ageOf(since, clock)).toBe(0)
  await clock.advance(2_000)
  expect(ageOf(since, clock)).toBe(2_000)
  // While it was suspended, and where somebody puts the clock back.
  expect(ageOf(since, { now: () => since.wall + 60_000, monotonic: () => 2_000 })).toBe(60_000)
  expect(ageOf(since, { now: () => since.wall - 60_000, monotonic: () => 2_000 })).toBe(2_000)
})
