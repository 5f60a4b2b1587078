import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { Limiter } from './limiter.ts'
import type { Lane } from './target.ts'

/** Takes a slot and notes when it was granted. */
function ask(limiter: Limiter, log: string[], name: string, lane: Lane = 'check', signal?: AbortSignal) {
  const turn = limiter.acquire(lane, signal) ?? Promise.resolve()
  return turn.then(() => void log.push(name))
}

describe('concurrency', () => {
  test('as many as allowed run, the rest in order of arrival', async () => {
    const clock = new FakeClock()
    const limiter = new Limiter(clock, { concurrency: 2 })
    const log: string[] = []
    for (const name of ['a', 'b', 'c', 'd']) void ask(limiter, log, name)
    await clock.advance(0)
    expect(log).toEqual(['a', 'b'])
    limiter.release()
    limiter.release()
    await clock.advance(0)
    expect(log).toEqual(['a', 'b', 'c', 'd'])
    expect(limiter.active).toBe(2)
  })

  test('a free slot is granted without a promise', () => {
    expect(new Limiter(new FakeClock(), { concurrency: 1 }).acquire('bulk')).toBeUndefined()
  })

  test('raising it lets those in that wait', async () => {
    const clock = new FakeClock()
    const limiter = new Limiter(clock, { concurrency: 1 })
    const log: string[] = []
    for (const name of ['a', 'b', 'c']) void ask(limiter, log, name)
    limiter.configure({ concurrency: 3 })
    await clock.advance(0)
    expect(log).toEqual(['a', 'b', 'c'])
  })

  test('never more than allowed, and no slot is lost, whatever happens', async () => {
    const step = fc.constantFrom('ask', 'ask', 'release', 'cancel', 'pause', 'tick')
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, concurrency) => {
          const clock = new FakeClock()
          const limiter = new Limiter(clock, { concurrency })
          const waiting: AbortController[] = []
          let granted = 0
          for (const each of steps) {
            if (each === 'ask') {
              const controller = new AbortController()
              waiting.push(controller)
              const turn = limiter.acquire('check', controller.signal) ?? Promise.resolve()
              turn.then(
                () => {
                  granted += 1
                },
                (error: unknown) => expect(error).toMatchObject({ code: 'CANCELLED' }),
              )
            } else if (each === 'release' && granted > 0) {
              granted -= 1
              limiter.release()
              limiter.succeeded()
            } else if (each === 'cancel') waiting.shift()?.abort()
            else if (each === 'pause') limiter.pause(500)
            await clock.advance(each === 'tick' ? 700 : 0)
            expect(limiter.active).toBe(granted)
            expect(granted).toBeLessThanOrEqual(concurrency)
          }
          await clock.advance(60_000)
          while (granted > 0 || limiter.waiting > 0) {
            granted -= 1
            limiter.release()
            await clock.advance(1_000)
          }
          expect([limiter.active, limiter.waiting]).toEqual([0, 0])
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('lanes', () => {
  test('the higher lane goes first, and the lowest is not starved', async () => {
    const clock = new FakeClock()
    const limiter = new Limiter(clock, { concurrency: 1 })
    const log: string[] = []
    void ask(limiter, log, 'running')
    void ask(limiter, log, 'bulk', 'bulk')
    for (let i = 0; i < 20; i++) void ask(limiter, log, 'check', 'check')
    for (let i = 0; i < 4; i++) void ask(limiter, log, 'interactive', 'interactive')
    for (let i = 0; i < 26; i++) {
      await clock.advance(0)
      limiter.release()
    }
    expect(log.slice(1, 5)).toEqual(Array(4).fill('interactive'))
    expect(log.indexOf('bulk')).toBeLessThanOrEqual(10)
  })
})

describe('cancelling', () => {
  test('takes the waiter out of the queue at once', async () => {
    const clock = new FakeClock()
    const limiter = new Limiter(clock, { concurrency: 1 })
    const log: string[] = []
    const cancel = new AbortController()
    void ask(limiter, log, 'a')
    const cancelled = ask(limiter, log, 'b', 'check', cancel.signal)
    void ask(limiter, log, 'c')
    cancel.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
    limiter.release()
    await clock.advance(0)
    expect(log).toEqual(['a', 'c'])
    expect(limiter.waiting).toBe(0)
  })
})

describe('requests per second', () => {
  test('in any window no more than rate and burst', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (rate) => {
        const clock = new FakeClock()
        const limiter = new Limiter(clock, { concurrency: 1000, requestsPerSecond: rate })
        const starts: number[] = []
        for (let i = 0; i < 3 * rate; i++) {
          const turn = limiter.acquire('check') ?? Promise.resolve()
          void turn.then(() => void starts.push(clock.monotonic()))
        }
        for (let i = 0; i < 60; i++) await clock.advance(100)
        expect(starts.length).toBe(3 * rate)
        const burst = Math.max(1, Math.ceil(rate / 10))
        for (const [index, from] of starts.entries()) {
          const within = starts.slice(index).filter((time) => time - from <= 1_000).length
          expect(within).toBeLessThanOrEqual(rate + burst + 1)
        }
      }),
      { numRuns: 15 },
    )
  })
})

describe('a registry that complains', () => {
  test('rests in full, then goes on with half, and comes back by one a second', async () => {
    const clock = new FakeClock()
    const limiter = new Limiter(clock, { concurrency: 8 })
    const log: string[] = []
    limiter.pause(30_000)
    limiter.pause(10_000)
    expect(limiter.allowed).toBe(4)
    void ask(limiter, log, 'a')
    await clock.advance(29_999)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual(['a'])
    limiter.succeeded()
    expect(limiter.allowed).toBe(4)
    for (let second = 1; second <= 5; second++) {
      await clock.advance(1_000)
      limiter.succeeded()
      limiter.succeeded()
      expect(limiter.allowed).toBe(Math.min(8, 4 + second))
    }
  })
})
