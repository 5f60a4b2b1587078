import { expect, test } from 'vitest'
import { WorkTurns } from '#controllers/work-turns.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

test('so many are worked on at once, and who has waited longest goes before who comes back', () => {
  const turns = new WorkTurns(2, new FakeClock())
  const [a, b] = [turns.take('a'), turns.take('b')]
  expect([turns.take('c'), turns.take('d')]).toEqual([undefined, undefined])
  a?.()
  expect([turns.take('a'), turns.take('d')]).toEqual([undefined, undefined])
  const c = turns.take('c')
  expect(c).toBeDefined()
  b?.()
  c?.()
  expect([turns.take('a'), turns.take('d'), turns.take('e')].map((turn) => turn !== undefined)).toEqual([
    true,
    true,
    false,
  ])
})

test('who does not ask any more keeps nobody waiting', async () => {
  const clock = new FakeClock()
  const turns = new WorkTurns(1, clock)
  const a = turns.take('a')
  expect(turns.take('gone')).toBeUndefined()
  await clock.advance(60_001)
  expect(turns.take('b')).toBeUndefined()
  a?.()
  expect(turns.take('b')).toBeDefined()
})
