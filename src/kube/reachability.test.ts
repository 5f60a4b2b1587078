import { expect, it, vi } from 'vitest'
import { Reachability } from '#kube/reachability.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

it('says once that a server is back, at the first answer after five seconds without one', async () => {
  const clock = new FakeClock()
  const server = new Reachability(clock)
  const back = vi.fn()
  server.onBack(back)
  server.answered()
  server.failed()
  await clock.advance(3_000)
  server.failed()
  await clock.advance(2_000)
  server.answered()
  server.answered()
  expect(back).toHaveBeenCalledTimes(1)
})

it('takes what fails between answers for no outage', async () => {
  const clock = new FakeClock()
  const server = new Reachability(clock)
  const back = vi.fn()
  server.onBack(back)
  for (let second = 0; second < 20; second += 1) {
    server.failed()
    await clock.advance(1_000)
    server.answered()
  }
  expect(back).not.toHaveBeenCalled()
})

it('forgets who no longer waits', async () => {
  const clock = new FakeClock()
  const server = new Reachability(clock)
  const back = vi.fn()
  server.onBack(back)()
  server.failed()
  await clock.advance(60_000)
  server.answered()
  expect(back).not.toHaveBeenCalled()
})
