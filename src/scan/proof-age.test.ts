import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isContentDue, isFresh } from '#scan/proof-age.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const anyKey = fc.stringMatching(/^[a-z/]{1,12}@[a-f0-9]{4,12}$/)
const keys = (count: number) => Array.from({ length: count }, (_, at) => `repository@sha256:${at * 7919}`)

/** The laps at which `key` is proven, of laps that begin every `every` ms. */
function provenAt(every: number, laps: number, isDue: (last: number, now: number) => boolean): number[] {
  const proven: number[] = [0]
  for (let lap = 1; lap < laps; lap += 1) {
    if (isDue(proven.at(-1) ?? 0, lap * every)) proven.push(lap * every)
  }
  return proven
}

describe('S26: a proof', () => {
  test('is never older than it may be, at any time between any two laps', () => {
    const limits = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 600 }))
    fc.assert(
      fc.property(anyKey, limits, (key, [every, maxAge]) => {
        const policy = { maxAgeMs: maxAge * MINUTE, untilNextLapMs: every * MINUTE }
        const proven = provenAt(every * MINUTE, 60, (last, now) => !isFresh(key, now - last, policy))
        const gaps = proven.slice(1).map((at, index) => at - (proven[index] ?? 0))
        // Where laps are further apart than a proof may be old, every lap proves.
        for (const gap of gaps) expect(gap).toBeLessThanOrEqual(Math.max(maxAge, every) * MINUTE)
      }),
    )
  })

  test('of many that were made at once do not fall due at once', () => {
    const policy = { maxAgeMs: 6 * HOUR, untilNextLapMs: 15 * MINUTE }
    const stale = (age: number) => keys(4_000).filter((key) => !isFresh(key, age, policy)).length
    expect(stale(2.75 * HOUR)).toBe(0)
    for (let age = 3 * HOUR; age < 6 * HOUR; age += 15 * MINUTE) {
      const inThisLap = stale(age) - stale(age - 15 * MINUTE)
      expect(inThisLap).toBeGreaterThan(4_000 / 24)
      expect(inThisLap).toBeLessThan(4_000 / 6)
    }
    expect(stale(6 * HOUR)).toBe(4_000)
  })

  test('counts for nothing where there is no next lap', () => {
    expect(isFresh('a@b', 0, { maxAgeMs: HOUR, untilNextLapMs: Number.POSITIVE_INFINITY })).toBe(false)
  })
})

describe('content', () => {
  const now = Date.UTC(2026, 0, 1)

  test('is read once in every cycle, and not twice', () => {
    const times = fc.record({
      every: fc.integer({ min: 1, max: 100 }),
      cycle: fc.integer({ min: 101, max: 2_000 }),
    })
    fc.assert(
      fc.property(anyKey, times, fc.nat(), (key, { every, cycle }, offset) => {
        const policy = { cycleMs: cycle * MINUTE, untilNextLapMs: every * MINUTE }
        const start = now + offset
        const laps = Math.ceil((5 * cycle) / every)
        const isDue = (last: number, at: number) => isContentDue(key, start + last, start + at, policy)
        const read = provenAt(every * MINUTE, laps, isDue).slice(1)
        const gaps = read.slice(1).map((at, index) => at - (read[index] ?? 0))
        expect(read.length).toBeGreaterThanOrEqual(4)
        for (const gap of gaps) {
          expect(gap).toBeLessThanOrEqual((cycle + every) * MINUTE)
          expect(gap).toBeGreaterThanOrEqual((cycle - every) * MINUTE)
        }
      }),
    )
  })

  test('of many blobs is spread evenly over the laps of a cycle, whenever we began', () => {
    const policy = { cycleMs: 7 * 24 * HOUR, untilNextLapMs: HOUR }
    const due = (at: number) => keys(5_000).filter((key) => isContentDue(key, at - HOUR, at, policy)).length
    for (let lap = 0; lap < 10; lap += 1) {
      expect(due(now + lap * HOUR)).toBeGreaterThan((5_000 / 168) * 0.4)
      expect(due(now + lap * HOUR)).toBeLessThan((5_000 / 168) * 2)
    }
  })

  test('is all read in every lap where the cycle is no longer than that', () => {
    expect(isContentDue('a@b', now, now, { cycleMs: HOUR, untilNextLapMs: HOUR })).toBe(true)
    expect(isContentDue('a@b', now, now, { cycleMs: HOUR, untilNextLapMs: Number.POSITIVE_INFINITY })).toBe(
      true,
    )
  })
})
