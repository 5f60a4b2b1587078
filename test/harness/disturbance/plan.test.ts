import { expect, test } from 'vitest'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import { Dice } from '#test/soak/dice.ts'
import { drawDisturbances } from './plan.ts'

const drawn = (seed: number, n: number) => drawDisturbances(new Dice(seededRandom(seed)), n)

test('the same seed draws the same', () => {
  expect(drawn(7, 30)).toEqual(drawn(7, 30))
  expect(drawn(7, 30)).not.toEqual(drawn(8, 30))
})

test('of each kind something comes while the run goes on, at the moment of its death, and after it', () => {
  const kinds = new Set<string>()
  for (let seed = 0; seed < 500; seed += 1) {
    for (const { at, deed, undo } of drawn(seed, 30)) {
      const when = at === 'dead' || at === 30 ? at : 'before'
      kinds.add(`${deed.kind} ${when}`)
      kinds.add(undo)
      if (at !== 'dead') expect(at >= 1 && at <= 30).toBe(true)
    }
  }
  const expected = ['push', 'promote', 'move', 'use'].flatMap((kind) =>
    ['before', 30, 'dead'].map((when) => `${kind} ${when}`),
  )
  expect([...kinds].sort()).toEqual([...expected, 'first', 'meanwhile', 'later'].sort())
})

test('they come in the order of their time, also where the first request is the last', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const times = drawn(seed, seed + 1).map(({ at }) => (at === 'dead' ? seed + 2 : at))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.length).toBeGreaterThan(0)
  }
})
