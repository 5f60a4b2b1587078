import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffDelay, jittered } from '#time/backoff.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const policy = fc.record({
  initial: fc.integer({ min: 1, max: 10_000 }),
  max: fc.integer({ min: 10_000, max: 1_000_000 }),
  factor: fc.integer({ min: 1, max: 10 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('backoff', () => {
  test('doubles up to its limit', () => {
    const exact = { initial: 100, max: 1_000, factor: 2, jitter: 0 }
    expect([0, 1, 2, 3, 4, 5].map((attempt) => backoffDelay(exact, attempt))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ])
  })

  test('adds a random share on top', () => {
    const jittery = { initial: 100, max: 1_000, factor: 2, jitter: 0.5 }
    expect(backoffDelay(jittery, 1, () => 0)).toBe(200)
    expect(backoffDelay(jittery, 1, () => 0.5)).toBe(250)
    expect(backoffDelay(jittery, 9, () => 0.9)).toBe(1_000)
  })

  test('stays between the first pause and the limit for however many tries', () => {
    fc.assert(
      fc.property(policy, fc.nat(100_000), random, (chosen, attempt, drawn) => {
        const delay = backoffDelay(chosen, attempt, () => drawn)
        expect(delay).toBeGreaterThanOrEqual(chosen.initial)
        expect(delay).toBeLessThanOrEqual(chosen.max)
      }),
    )
  })

  test('never shrinks from one try to the next with the same luck', () => {
    fc.assert(
      fc.property(policy, fc.nat(1_000), random, (chosen, attempt, drawn) => {
        const delay = (tries: number) => backoffDelay(chosen, tries, () => drawn)
        expect(delay(attempt + 1)).toBeGreaterThanOrEqual(delay(attempt))
      }),
    )
  })
})

describe('jitter', () => {
  test('spreads to both sides', () => {
    expect(jittered(1_000, 0.1, () => 0)).toBe(900)
    expect(jittered(1_000, 0.1, () => 0.5)).toBe(1_000)
    expect(jittered(1_000, 0.1, () => 0.999)).toBeLessThan(1_100)
  })
})
