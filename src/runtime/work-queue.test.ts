import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LOW_PRIORITY, WorkQueue } from '#runtime/work-queue.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

function newQueue() {
  const clock = new FakeClock()
  return { clock, queue: new WorkQueue<string>({ clock }) }
}

describe('a work queue', () => {
  test('hands out a key that was added many times once', async () => {
    const { queue } = newQueue()
    queue.add('a')
    queue.add('a')
    queue.add('b')
    expect([await queue.get(), await queue.get()]).toEqual(['a', 'b'])
    expect(queue.size).toBe(0)
  })

  test('hands out a key that was added during its run once more after it', async () => {
    const { queue } = newQueue()
    queue.add('a')
    await queue.get()
    queue.add('a')
    queue.add('a')
    expect(queue.size).toBe(0)
    queue.done('a')
    expect(queue.size).toBe(1)
    expect(await queue.get()).toBe('a')
    queue.done('a')
    expect(queue.size).toBe(0)
  })

  test('keeps the earlier of two times', async () => {
    const { clock, queue } = newQueue()
    queue.addAfter('a', 5_000)
    queue.addAfter('a', 1_000)
    queue.addAfter('a', 9_000)
    const got = queue.get()
    await clock.advance(999)
    expect(queue.size).toBe(1)
    await clock.advance(1)
    expect(await got).toBe('a')
    queue.done('a')
    await clock.advance(10_000)
    expect(queue.size).toBe(0)
  })

  test('runs a key at once that waited for its time, and not again at that time', async () => {
    const { clock, queue } = newQueue()
    queue.addAfter('a', 60_000)
    queue.add('a')
    expect(await queue.get()).toBe('a')
    queue.done('a')
    await clock.advance(60_000)
    expect(queue.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('remembers the time asked for during a run', async () => {
    const { clock, queue } = newQueue()
    queue.add('a')
    await queue.get()
    queue.addAfter('a', 1_000)
    await clock.advance(400)
    queue.done('a')
    const got = queue.get()
    await clock.advance(600)
    expect(await got).toBe('a')
  })

  test('prefers the higher priority, and keeps the higher of two', async () => {
    const { queue } = newQueue()
    queue.add('resync-1', LOW_PRIORITY)
    queue.add('resync-2', LOW_PRIORITY)
    queue.add('edited')
    queue.add('resync-2')
    queue.add('edited', LOW_PRIORITY)
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual([
      'edited',
      'resync-2',
      'resync-1',
    ])
  })

  test('lets no stream of urgent keys starve a low one', async () => {
    const { clock, queue } = newQueue()
    queue.add('low', LOW_PRIORITY)
    const order: (string | undefined)[] = []
    for (let n = 0; n < 20; n += 1) {
      await clock.advance(1)
      queue.add(`urgent-${n}`)
      const key = await queue.get()
      order.push(key)
      if (key !== undefined) queue.done(key)
    }
    expect(order.indexOf('low')).toBeGreaterThanOrEqual(0)
    expect(order.indexOf('low')).toBeLessThan(8)
  })

  test('waits longer with every failure in a row, at least as long as asked, and starts anew after forget', () => {
    const { queue } = newQueue()
    expect([queue.retry('a'), queue.retry('a'), queue.retry('a')]).toEqual([750, 1_500, 3_000])
    expect(queue.retry('a', 30_000)).toBe(30_000)
    expect(queue.failures('a')).toBe(4)
    queue.forget('a')
    expect(queue.retry('a')).toBe(750)
  })

  test('stops growing the pause at its maximum', () => {
    const queue = new WorkQueue<string>({
      clock: new FakeClock(),
      backoff: { initial: 1_000, max: 300_000, factor: 2, jitter: 0 },
    })
    const pauses = Array.from({ length: 2_000 }, () => queue.retry('a'))
    expect(pauses.at(-1)).toBe(300_000)
  })

  test('answers a waiting worker with nothing when its signal aborts, and gives the key to the next', async () => {
    const { queue } = newQueue()
    const leaving = new AbortController()
    const first = queue.get(leaving.signal)
    const second = queue.get()
    leaving.abort()
    queue.add('a')
    expect(await first).toBeUndefined()
    expect(await second).toBe('a')
    expect(await queue.get(leaving.signal)).toBeUndefined()
  })

  test('drops what waits at shutdown, cancels its timers, and ends every worker', async () => {
    const { clock, queue } = newQueue()
    queue.add('running')
    await queue.get()
    const waiting = queue.get()
    queue.addAfter('later', 1_000)
    queue.shutdown()
    queue.add('new')
    queue.done('running')
    expect(await waiting).toBeUndefined()
    expect(await queue.get()).toBeUndefined()
    expect([queue.size, clock.pending]).toEqual([0, 0])
  })

  test('refuses to end what it did not hand out', () => {
    const { queue } = newQueue()
    expect(() => queue.done('a')).toThrow('a is not being processed')
  })
})

type Step =
  | {
      readonly op: 'add' | 'addAfter' | 'done'
      readonly key: string
      readonly ms: number
      readonly priority: number
    }
  | { readonly op: 'advance'; readonly ms: number }
  | { readonly op: 'get' }

const key = fc.constantFrom('a', 'b', 'c', 'd')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    op: fc.constantFrom('add' as const, 'addAfter' as const, 'done' as const),
    key,
    ms: fc.nat(50),
    priority: fc.constantFrom(-100, 0, 10),
  }),
  fc.record({ op: fc.constant('advance' as const), ms: fc.nat(40) }),
  fc.record({ op: fc.constant('get' as const) }),
)

test('whatever happens: no key twice at once, no wish lost, nothing before its time, everything in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { clock, queue } = newQueue()
      // The oracle: the time from which each key is owed a run, and the keys in work.
      const owed = new Map<string, number>()
      const working = new Set<string>()
      const take = async () => {
        const leave = new AbortController()
        const answer = queue.get(leave.signal)
        leave.abort()
        const got = await answer
        const due = [...owed].filter(([each, at]) => at <= clock.monotonic() && !working.has(each))
        if (got === undefined) {
          expect(due).toEqual([])
          return
        }
        expect(working.has(got)).toBe(false)
        expect(due.map(([each]) => each)).toContain(got)
        owed.delete(got)
        working.add(got)
      }
      const want = (wanted: string, ms: number) =>
        owed.set(wanted, Math.min(owed.get(wanted) ?? Number.POSITIVE_INFINITY, clock.monotonic() + ms))
      for (const each of steps) {
        if (each.op === 'get') await take()
        else if (each.op === 'advance') await clock.advance(each.ms)
        else if (each.op === 'done') {
          if (working.delete(each.key)) queue.done(each.key)
        } else if (each.op === 'add') {
          queue.add(each.key, each.priority)
          want(each.key, 0)
        } else {
          queue.addAfter(each.key, each.ms, each.priority)
          want(each.key, each.ms)
        }
        expect(new Set(queue.processing().map((run) => run.key))).toEqual(working)
      }
      for (const each of working) queue.done(each)
      working.clear()
      await clock.advance(100)
      while (owed.size > 0) {
        await take()
        for (const each of working) queue.done(each)
        working.clear()
      }
      expect([queue.size, clock.pending]).toEqual([0, 0])
    }),
    { numRuns: 150 },
  )
})
