import { expect, test } from 'vitest'
import { BlockedPlans } from '#controllers/blocked-plans.ts'

const KEY = 'apps/builds'
const made = (more: object) => ({ isBlocked: true, now: 0, tookMs: 1_000, ...more })

test('a blocked plan is made again, ever more seldom', () => {
  const plans = new BlockedPlans()
  const pauses = Array.from({ length: 12 }, () => {
    plans.made(KEY, made({}))
    return plans.dueAt(KEY, true)
  })
  expect(pauses[0]).toBeGreaterThanOrEqual(15_000)
  expect(pauses[0]).toBeLessThan(25_000)
  expect(pauses[2]).toBeGreaterThanOrEqual(60_000)
  expect(Math.max(...pauses)).toBe(600_000)
})

test('a registry that takes a minute to read is not read all the time for that', () => {
  const plans = new BlockedPlans()
  plans.made(KEY, made({ now: 5_000, tookMs: 60_000 }))
  expect(plans.dueAt(KEY, true)).toBe(5_000 + 10 * 60_000)
})

test('one that nothing stands against any more is due by its schedule alone, and begins anew when it is blocked again', () => {
  const plans = new BlockedPlans()
  for (let n = 0; n < 5; n += 1) plans.made(KEY, made({}))
  plans.made(KEY, made({ isBlocked: false }))
  expect(plans.dueAt(KEY, true)).toBe(Number.POSITIVE_INFINITY)
  plans.made(KEY, made({}))
  expect(plans.dueAt(KEY, true)).toBeLessThan(25_000)
})

test('of what an earlier leader saw only the status speaks', () => {
  const plans = new BlockedPlans()
  expect(plans.dueAt(KEY, true)).toBe(0)
  expect(plans.dueAt(KEY, false)).toBe(Number.POSITIVE_INFINITY)
  plans.made(KEY, made({ isBlocked: false }))
  plans.beginTerm()
  expect(plans.dueAt(KEY, true)).toBe(0)
})
