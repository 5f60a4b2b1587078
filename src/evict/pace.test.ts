import { expect, test } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { EvictionPace } from './pace.ts'

test('no more requests go out in a second than it lets', async () => {
  const clock = new FakeClock()
  const pace = new EvictionPace(clock, 2)
  const { signal } = new AbortController()
  let gone = 0
  const all = Array.from({ length: 6 }, async () => {
    await pace.next(signal)
    gone += 1
  })
  await clock.advance(0)
  expect(gone).toBe(1)
  await clock.advance(1_000)
  expect(gone).toBe(3)
  await clock.advance(1_500)
  await Promise.all(all)
})

test('whoever waits for a turn can be stopped', async () => {
  const clock = new FakeClock()
  const pace = new EvictionPace(clock, 1)
  const abort = new AbortController()
  await pace.next(abort.signal)
  const waiting = pace.next(abort.signal)
  const stopped = expect(waiting).rejects.toThrow('suspended')
  abort.abort(new Error('suspended'))
  await stopped
})

test('without a limit nobody waits', async () => {
  const clock = new FakeClock()
  const pace = new EvictionPace(clock)
  for (let n = 0; n < 100; n += 1) await pace.next(new AbortController().signal)
  expect(clock.pending).toBe(0)
})
