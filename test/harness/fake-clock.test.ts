import { expect, it } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'

it('fires timers in the order of their time, then of their scheduling', async () => {
  const clock = new FakeClock(1_000)
  const fired: string[] = []
  clock.schedule(20, () => fired.push(`late ${clock.now()} ${clock.monotonic()}`))
  clock.schedule(10, () => fired.push(`first ${clock.now()}`))
  clock.schedule(10, () => fired.push(`second ${clock.now()}`))
  await clock.advance(20)
  expect(fired).toEqual(['first 1010', 'second 1010', 'late 1020 20'])
  expect(clock.pending).toBe(0)
})

it('runs what a sleep sets off before time moves on, also sleeps that follow', async () => {
  const clock = new FakeClock(0)
  const seen: number[] = []
  const loop = async () => {
    for (let round = 0; round < 3; round += 1) {
      await clock.sleep(10)
      seen.push(clock.now())
    }
  }
  const done = loop()
  await clock.advance(100)
  await done
  expect(seen).toEqual([10, 20, 30])
  expect(clock.now()).toBe(100)
})

it('does not fire before its time, nor after it was cancelled', async () => {
  const clock = new FakeClock()
  let fired = 0
  const cancel = clock.schedule(10, () => {
    fired += 1
  })
  await clock.advance(9)
  expect(fired).toBe(0)
  expect(clock.pending).toBe(1)
  cancel()
  await clock.advance(100)
  expect(fired).toBe(0)
})

it('rejects a sleep with the reason of its signal and forgets the timer', async () => {
  const clock = new FakeClock()
  const controller = new AbortController()
  const sleeping = clock.sleep(10, controller.signal)
  controller.abort(new Error('enough'))
  await expect(sleeping).rejects.toThrow('enough')
  await expect(clock.sleep(10, controller.signal)).rejects.toThrow('enough')
  expect(clock.pending).toBe(0)
})

it('lets the wall clock jump while the monotonic one stands', async () => {
  const clock = new FakeClock(5_000)
  clock.jump(-2_000)
  expect([clock.now(), clock.monotonic()]).toEqual([3_000, 0])
  await clock.advance(10)
  expect([clock.now(), clock.monotonic()]).toEqual([3_010, 10])
})
