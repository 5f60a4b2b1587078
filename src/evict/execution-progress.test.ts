import { expect, test } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { type ExecutionProgress, ProgressMeter } from './execution-progress.ts'

function meter(clock: FakeClock) {
  const told: ExecutionProgress[] = []
  const made = new ProgressMeter(clock, { bindings: 200, digests: 100 }, (progress) => told.push(progress))
  return { made, told }
}

test('counts what went and what stayed', () => {
  const { made } = meter(new FakeClock())
  for (const outcome of ['untagged', 'gone', 'moved'] as const) made.ended({ tag: 't', digest: 'd', outcome })
  for (const outcome of ['swept', 'gone', 'named'] as const) made.ended({ digest: 'd', outcome })
  made.trashed(5)
  const counts = { bindings: 200, digests: 100, untagged: 2, swept: 2, spared: 2, trashed: 5 }
  expect(made.counts).toEqual(counts)
})

test('says the rate of the last minute, and what is left of the stage at that rate', async () => {
  const clock = new FakeClock()
  const { made, told } = meter(clock)
  made.begin('Untagging', 200)
  expect(told.at(-1)).toMatchObject({ stage: 'Untagging', done: 0, left: 200, perMinute: undefined })
  // Slow in the first minutes, then one a second.
  for (let n = 0; n < 20; n += 1) {
    await clock.advance(10_000)
    made.did(1)
  }
  for (let n = 0; n < 70; n += 1) {
    await clock.advance(1_000)
    made.did(1)
  }
  expect(told.at(-1)).toMatchObject({ done: 90, left: 110, perMinute: 60 })
  expect(told.at(-1)?.timeLeftMs).toBeCloseTo(110_000, -4)
})

test('tells once a second at most, and always of the beginning and the end of a stage', () => {
  const { made, told } = meter(new FakeClock())
  made.begin('Sweeping', 10)
  for (let n = 0; n < 10; n += 1) made.ended({ digest: 'd', outcome: 'swept' })
  expect(told).toHaveLength(1)
  made.end()
  expect(told.at(-1)).toMatchObject({ done: 10, left: 0, counts: { swept: 10 } })
})
