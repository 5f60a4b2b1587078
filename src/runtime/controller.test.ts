import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { Controller, type ControllerOptions, type ReconcileContext } from '#runtime/controller.ts'
import { Metrics } from '#runtime/metrics.ts'
import { DONE, type Result } from '#runtime/result.ts'
import { LOW_PRIORITY } from '#runtime/work-queue.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'

const log = pino({ level: 'silent' })

type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>

function start(reconcile: Reconcile, options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock()
  const metrics = new Metrics()
  onTestFinished(() => metrics.close())
  const controller = new Controller({
    name: 'check',
    clock,
    log,
    metrics,
    keys: () => [],
    reconcile,
    ...options,
  })
  const term = new AbortController()
  const ended = controller.run(term.signal)
  const value = async (series: string) => {
    const line = (await metrics.render()).split('\n').find((each) => each.startsWith(`${series} `))
    return Number(line?.split(' ').at(-1))
  }
  const total = (result: string) =>
    value(`controller_runtime_reconcile_total{controller="check",result="${result}"}`)
  return { clock, controller, term, ended, total, value }
}

/** A reconciliation that goes on until its signal aborts, and throws what `react` makes of it. */
const untilAborted: Reconcile = (_, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('connection closed')))
  })

describe('a controller', () => {
  test('reconciles a key and is done with it', async () => {
    const keys: string[] = []
    const { clock, controller, total } = start(async (key) => {
      keys.push(key)
      return DONE
    })
    controller.enqueue('ns/a')
    await clock.advance(3_600_000)
    expect(keys).toEqual(['ns/a'])
    expect(await total('success')).toBe(1)
  })

  test('runs a key again after the time that its result names', async () => {
    const times: number[] = []
    const { clock, controller } = start(async () => {
      times.push(clock.monotonic())
      return times.length < 3 ? { requeueAfterMs: 60_000 } : DONE
    })
    controller.enqueue('a')
    await clock.advance(1_000_000)
    expect(times).toEqual([0, 60_000, 120_000])
  })

  test('does not spin on a result of zero', async () => {
    let runs = 0
    const { clock, controller } = start(async () => {
      runs += 1
      return { requeueAfterMs: 0 }
    })
    controller.enqueue('a')
    await clock.advance(10)
    expect(runs).toBe(11)
  })

  test('tries again with growing pauses after an error, not before the time that the other side named', async () => {
    const times: number[] = []
    const { clock, controller, total } = start(async () => {
      times.push(clock.monotonic())
      if (times.length === 1) throw new Error('a defect')
      if (times.length === 2) throw new TallymanError('REGISTRY_THROTTLED', '429', { retryAfterMs: 30_000 })
      return DONE
    })
    controller.enqueue('a')
    await clock.advance(60_000)
    expect(times).toEqual([0, 750, 30_750])
    expect([await total('error'), await total('success')]).toEqual([2, 1])
  })

  test('does not try again what only a change can mend', async () => {
    let runs = 0
    const { clock, controller, total, value } = start(async () => {
      runs += 1
      throw new TallymanError('SPEC_INVALID', 'spec.url: not a URL')
    })
    controller.enqueue('a')
    await clock.advance(3_600_000)
    const terminal = await value('controller_runtime_terminal_reconcile_errors_total{controller="check"}')
    expect([runs, await total('error'), terminal]).toEqual([1, 1, 1])
    controller.enqueue('a')
    await clock.advance(1)
    expect(runs).toBe(2)
  })

  test('ends a run at its time limit and tries again', async () => {
    const reasons: unknown[] = []
    const { clock, controller, total } = start(
      async (key, context) => {
        context.signal.addEventListener('abort', () => reasons.push(context.signal.reason))
        return await untilAborted(key, context)
      },
      { timeoutMs: 10_000 },
    )
    controller.enqueue('a')
    await clock.advance(9_999)
    expect(reasons).toEqual([])
    await clock.advance(1)
    expect(reasons).toMatchObject([{ code: 'TIMED_OUT' }])
    await clock.advance(750)
    expect([await total('error'), controller.unshielded]).toEqual([1, ['a']])
  })

  test('never works on a key twice at once, and on no more keys than it has workers', async () => {
    const running = new Map<string, () => void>()
    let most = 0
    const { clock, controller } = start(
      (key) => {
        expect(running.has(key)).toBe(false)
        return new Promise<Result>((resolve) => {
          running.set(key, () => {
            running.delete(key)
            resolve(DONE)
          })
          most = Math.max(most, running.size)
        })
      },
      { concurrency: 2 },
    )
    for (const key of ['a', 'b', 'c']) controller.enqueue(key)
    await clock.advance(1)
    controller.enqueue('a')
    await clock.advance(1)
    expect([...running.keys()]).toEqual(['a', 'b'])
    running.get('b')?.()
    await clock.advance(1)
    expect([...running.keys()]).toEqual(['a', 'c'])
    running.get('a')?.()
    await clock.advance(1)
    expect([...running.keys()]).toEqual(['c', 'a'])
    expect(most).toBe(2)
  })

  test('stops work on a spec that has changed, and begins anew at once', async () => {
    const starts: number[] = []
    const { clock, controller, total } = start(async (key, context) => {
      starts.push(clock.monotonic())
      return starts.length === 1 ? await untilAborted(key, context) : DONE
    })
    controller.enqueue('a')
    await clock.advance(5)
    controller.enqueue('a')
    await clock.advance(5)
    expect(starts).toEqual([0])
    controller.enqueue('a', { supersede: true })
    await clock.advance(1)
    expect(starts).toEqual([0, 10])
    expect([await total('cancelled'), await total('error')]).toEqual([1, 0])
  })

  test('stops with its term, keeps what was under way and what came meanwhile, and goes on with the next', async () => {
    const keys: string[] = []
    const { clock, controller, term, ended } = start(async (key, context) => {
      keys.push(key)
      return keys.length === 1 ? await untilAborted(key, context) : DONE
    })
    controller.enqueue('a')
    await clock.advance(1)
    term.abort(new TallymanError('LEADERSHIP_LOST', 'gone'))
    await ended
    controller.enqueue('b')
    await clock.advance(1_000_000)
    expect(keys).toEqual(['a'])
    void controller.run(new AbortController().signal)
    await clock.advance(1)
    expect(keys).toEqual(['a', 'a', 'b'])
  })

  test('forgets at the begin of each term, before it takes a key', async () => {
    const told: string[] = []
    const { clock, controller, term, ended } = start(
      async (key) => {
        told.push(key)
        return DONE
      },
      { beginTerm: () => told.push('begin') },
    )
    controller.enqueue('a')
    await clock.advance(1)
    term.abort(new TallymanError('LEADERSHIP_LOST', 'gone'))
    await ended
    controller.enqueue('b')
    void controller.run(new AbortController().signal)
    await clock.advance(1)
    expect(told).toEqual(['begin', 'a', 'begin', 'b'])
  })

  test("tells of its queue under controller-runtime's names and labels", async () => {
    const { clock, controller, value } = start(untilAborted)
    controller.enqueue('running')
    await clock.advance(1)
    controller.enqueue('edited')
    controller.enqueue('listed', { priority: LOW_PRIORITY })
    controller.enqueue('listed-then-edited', { priority: LOW_PRIORITY })
    controller.enqueue('listed-then-edited')
    await clock.advance(5_000)
    const queue = 'name="check",controller="check"'
    expect(await value(`workqueue_depth{${queue},priority="0"}`)).toBe(2)
    expect(await value(`workqueue_depth{${queue},priority="${LOW_PRIORITY}"}`)).toBe(1)
    expect(await value(`workqueue_adds_total{${queue}}`)).toBe(5)
    expect(await value(`workqueue_longest_running_processor_seconds{${queue}}`)).toBe(5.001)
  })

  test('looks at every key once when it starts, after what was edited', async () => {
    const keys: string[] = []
    const clock = new FakeClock()
    const metrics = new Metrics()
    onTestFinished(() => metrics.close())
    const controller = new Controller({
      name: 'check',
      clock,
      log,
      metrics,
      keys: () => ['old-1', 'old-2'],
      reconcile: async (key) => {
        keys.push(key)
        return DONE
      },
    })
    controller.enqueue('edited')
    void controller.run(new AbortController().signal)
    await clock.advance(1)
    expect(keys).toEqual(['edited', 'old-1', 'old-2'])
  })

  test('drains: begins nothing, lets running work finish, and stops it when the time is up', async () => {
    const { clock, controller, ended } = start(untilAborted, { concurrency: 1 })
    controller.enqueue('a')
    controller.enqueue('b')
    await clock.advance(1)
    let drained = false
    const draining = controller.drain(30_000).then(() => {
      drained = true
    })
    await clock.advance(29_999)
    expect(drained).toBe(false)
    await clock.advance(1)
    await draining
    await ended
    expect(controller.unshielded).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('names a run that does not listen as wedged, unless it may not be cut off', async () => {
    const shields: boolean[] = [false, true]
    const { clock, controller } = start(
      async (_, { shield }) => {
        const forever = () => new Promise<Result>((resolve) => clock.schedule(1e9, () => resolve(DONE)))
        return shields.shift() ? await shield(forever) : await forever()
      },
      { timeoutMs: 1_000, concurrency: 2 },
    )
    controller.enqueue('deaf')
    controller.enqueue('deleting')
    await clock.advance(60_000)
    expect(controller.wedged(60_000)).toEqual([])
    await clock.advance(1_001)
    expect(controller.wedged(60_000)).toEqual(['deaf'])
    expect(controller.unshielded).toEqual(['deaf'])
  })
})
