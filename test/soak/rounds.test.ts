import { expect, test } from 'vitest'
import { rounds } from './rounds.ts'

/** Rounds of ten minutes each. */
async function seedsOf(
  durationMs: number | undefined,
  codeOf: (seed: number, stop: AbortController) => number,
) {
  const stop = new AbortController()
  const seeds: number[] = []
  let now = 5
  const code = await rounds({ seed: 7, durationMs, now: () => now, signal: stop.signal }, async (seed) => {
    seeds.push(seed)
    now += 600_000
    return codeOf(seed, stop)
  })
  return { code, seeds }
}

test('one round where no time is given', async () => {
  expect(await seedsOf(undefined, () => 0)).toEqual({ code: 0, seeds: [7] })
})

test('as many as begin within the time, each with the next seed', async () => {
  expect(await seedsOf(1_200_000, () => 0)).toEqual({ code: 0, seeds: [7, 8] })
  expect(await seedsOf(1_200_001, () => 0)).toEqual({ code: 0, seeds: [7, 8, 9] })
})

test('one that fails is the last, and its code is the code of all', async () => {
  expect(await seedsOf(6_000_000, (seed) => (seed === 8 ? 3 : 0))).toEqual({ code: 3, seeds: [7, 8] })
})

test('none begins after somebody has ended it', async () => {
  const ending = (seed: number, stop: AbortController) => {
    if (seed === 8) stop.abort()
    return 0
  }
  expect(await seedsOf(6_000_000, ending)).toEqual({ code: 0, seeds: [7, 8] })
})
