import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { podCodec } from '#kube/codecs.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import { type PodProjection, projectPod } from '#kube/pod-projection.ts'
import { Reflector } from '#kube/reflector.ts'
import type { RestartReason } from '#kube/reflector-state.ts'
import { PODS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { seededRandom } from '#test/harness/fault-proxy/random.ts'
import {
  actual,
  hurriedClock,
  type ProxiedCluster,
  proxied,
  RecordingSink,
  silentLog,
} from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import type { Clock } from '#time/clock.ts'

const WATCH = /watch=true/
const INITIAL = /sendInitialEvents=true/
const PODS_IN_CLUSTER = 520

let cluster: TestCluster
let world: ProxiedCluster
let reflector: Reflector<PodProjection> | undefined
let sink: RecordingSink
let reasons: RestartReason[]
let created = 0
let removeHook = (): unknown => undefined

beforeAll(async () => {
  cluster = await startCluster({ controllers: false })
  world = await proxied(cluster)
  await createPods(PODS_IN_CLUSTER)
})

afterEach(async () => {
  removeHook()
  world.proxy.clear()
  await reflector?.stop()
  reflector = undefined
})

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

async function createPods(count: number): Promise<string[]> {
  const names = Array.from({ length: count }, () => `pod-${++created}`)
  const rest = [...names]
  const worker = async () => {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      const metadata = { name, namespace: cluster.namespace, finalizers: ['tallyman.dev/test'] }
      const spec = { containers: [{ name: 'c', image: `registry.local/${name}:1` }] }
      await world.client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, ...{ spec } })
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return names
}

/** Deletion in two steps, so that each pod gives a MODIFIED and a DELETED event. */
async function deletePod(name: string): Promise<void> {
  const key = { namespace: cluster.namespace, name }
  await world.client.delete(PODS, key)
  await world.client.patch(PODS, key, { metadata: { finalizers: null } }, { type: 'merge' })
}

function start(
  options: { json?: boolean; clock?: Clock; connection?: ClusterConnection } = {},
): Reflector<PodProjection> {
  sink = new RecordingSink()
  reasons = []
  const made = new Reflector<PodProjection>({
    connection: options.connection ?? world.operator,
    resource: PODS,
    codec: options.json === true ? jsonCodec(projectPod) : podCodec(),
    sink,
    clock: options.clock ?? hurriedClock,
    log: silentLog,
    random: seededRandom(7),
    observer: {
      restarted: (reason) => reasons.push(reason),
      bytes: () => undefined,
      listed: () => undefined,
      objects: () => undefined,
    },
  })
  made.start()
  reflector = made
  return made
}

async function converged(timeoutMs = 20_000): Promise<void> {
  await eventually(
    async () => {
      expect(sink.items).toEqual(await actual(world.admin, PODS))
      return true
    },
    { timeoutMs, intervalMs: 200, message: 'the sink to hold what the API server holds' },
  )
  expect(reflector?.state.objects).toBe(sink.items.size)
  expect([sink.duplicates, sink.strangers]).toEqual([0, 0])
}

function openWatches(): number {
  return world.proxy.exchanges({ query: WATCH }).length
}

/** Cuts what is open now, as a dying connection does. */
async function cutNow(): Promise<void> {
  await eventually(() => openWatches() === 1)
  await world.proxy.cutConnections()
}

describe('a reflector before a healthy API server', () => {
  it.each([false, true])('lists and watches in one request (json: %s)', async (json) => {
    const before = world.proxy.counter({ query: WATCH })
    const running = start({ json })
    expect([running.synced, running.state.phase]).toEqual([false, 'listing'])
    await running.whenSynced()
    expect([running.synced, running.state.phase, sink.commits]).toEqual([true, 'watching', 1])
    const [name = ''] = await createPods(1)
    await deletePod(name)
    await converged()
    expect([before.count, reasons, running.state.lastError]).toEqual([1, [], undefined])
  })
})

describe('a reflector whose connection is cut at any byte', () => {
  it.each([false, true])('ends with exactly what the API server holds (json: %s)', async (json) => {
    const random = seededRandom(json ? 11 : 12)
    removeHook = world.proxy.onRequest(({ query }) => {
      const after = Math.floor(random() * (INITIAL.test(query) ? 600_000 : 40_000))
      if (random() < 0.5)
        world.proxy.rule({ kind: 'cut', at: 'body', after, times: 1, reset: random() < 0.5 })
      else world.proxy.rule({ kind: 'truncate', after, length: 'shortened', times: 1 })
    })
    const running = start({ json })
    for (let round = 0; round < 600 && running.state.restarts < 12; round += 1) {
      const names = await createPods(12)
      await Promise.all(names.slice(0, 10).map(deletePod))
    }
    expect(running.state.restarts).toBeGreaterThanOrEqual(12)
    removeHook()
    world.proxy.clear()
    await cutNow()
    await converged()
    await eventually(() => openWatches() === 1)
  })

  it('resumes from the last version when the server ends the watch without a word, half-way through a burst', async () => {
    await start().whenSynced()
    world.proxy.rule(
      { kind: 'truncate', after: { frames: 3 }, length: 'shortened', times: 4 },
      { query: WATCH },
    )
    await cutNow()
    await createPods(20)
    await converged()
    expect(sink.commits).toBe(1)
    expect(reasons).toContain('closed')
  })
})

describe('a reflector whose list breaks off', () => {
  it('shows nothing of it before it is complete', async () => {
    world.proxy.rule({ kind: 'cut', at: 'body', after: { frames: 200 }, times: 2 }, { query: INITIAL })
    const running = start()
    await eventually(() => sink.aborts === 2 && sink.commits === 0 && sink.items.size === 0)
    await running.whenSynced()
    await converged()
    expect([sink.commits, reasons]).toEqual([1, ['unreachable', 'unreachable']])
  })
})

describe('a reflector before an API server without WatchList', () => {
  it.each([false, true])('lists in pages of 500, then watches (json: %s)', async (json) => {
    world.proxy.rule(
      { kind: 'status', status: 400, body: 'sendInitialEvents is forbidden' },
      { query: INITIAL },
    )
    const pages = world.proxy.counter({ query: /limit=500/ })
    const running = start({ json })
    await running.whenSynced()
    // How many pods the tests before left behind depends on the machine.
    const needed = Math.ceil(sink.items.size / 500)
    await createPods(1)
    await converged()
    expect([pages.count, sink.commits, reasons]).toEqual([needed, 1, ['unsupported']])
    expect(needed).toBeGreaterThan(1)
  })

  it('begins again when the continue token has expired', async () => {
    world.proxy.rule({ kind: 'status', status: 400 }, { query: INITIAL })
    world.proxy.rule({ kind: 'status', status: 410, times: 1 }, { query: /continue=/ })
    await start().whenSynced()
    await converged()
    expect([sink.commits, sink.aborts, reasons]).toEqual([1, 2, ['unsupported', 'expired']])
  })
})

describe('a reflector whose version has expired', () => {
  const EXPIRED = {
    type: 'ERROR',
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'Expired',
      code: 410,
      message: 'too old',
    },
  }

  it('lists again after 410 as an event', async () => {
    const running = start({ json: true })
    await running.whenSynced()
    const bytes = `${JSON.stringify(EXPIRED)}\n`
    world.proxy.rule({ kind: 'inject', after: { lines: 1 }, bytes, end: true, times: 1 }, { query: WATCH })
    await cutNow()
    await createPods(2)
    await eventually(() => sink.commits === 2)
    await converged()
    expect(reasons).toEqual(['unreachable', 'expired'])
    expect(world.proxy.requests.at(-1)?.query).toMatch(/resourceVersion=\d+.*sendInitialEvents=true/)
  })

  it('lists again after 410 as a status, and from the newest when that is expired too', async () => {
    await start().whenSynced()
    world.proxy.rule({ kind: 'status', status: 410, times: 2 }, { query: WATCH })
    await cutNow()
    await createPods(1)
    await eventually(() => sink.commits === 2)
    await converged()
    expect(reasons).toEqual(['unreachable', 'expired', 'expired'])
    expect(world.proxy.requests.at(-1)?.query).not.toMatch(/resourceVersion=/)
  })
})

describe('a reflector that is turned away', () => {
  it.each([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '8' } }, 'throttled'],
    ['500', { status: 500 }, 'server-error'],
    ['503', { status: 503 }, 'server-error'],
  ] as const)('comes back with the same version after %s', async (_what, answer, reason) => {
    const running = start()
    await running.whenSynced()
    const { resourceVersion } = running.state
    world.proxy.rule({ kind: 'status', ...answer, times: 1 }, { query: WATCH })
    const watches = world.proxy.counter({ query: new RegExp(`resourceVersion=${resourceVersion}(&|$)`) })
    await cutNow()
    await eventually(() => watches.count === 2)
    await createPods(1)
    await converged()
    expect([reasons, sink.commits]).toEqual([['unreachable', reason], 1])
  })
})

describe('a reflector on a connection that has died without a sign', () => {
  it('notices the silence, resumes, and is not synced while it cannot', async () => {
    const clock = new FakeClock()
    const running = start({ clock })
    await running.whenSynced()
    world.proxy.rule({ kind: 'halfOpen', at: 'body', after: 0, times: 1 }, { query: WATCH })
    await cutNow()
    await eventually(() => running.state.phase === 'waiting')
    await clock.advance(2_000)
    await eventually(() => running.state.phase === 'watching' && openWatches() === 1)
    // It was accepted.
    await eventually(() => running.state.lastError === undefined)
    await createPods(1)
    world.proxy.rule({ kind: 'halfOpen', at: 'request' }, { query: WATCH })
    await clock.advance(75_000)
    await eventually(() => reasons.at(-1) === 'silent')
    expect(running.synced).toBe(true)
    await clock.advance(16_000)
    expect(running.synced).toBe(false)
    world.proxy.clear()
    await world.proxy.cutConnections()
    await eventually(async () => {
      await clock.advance(5_000)
      return running.synced
    })
    await converged()
    expect(sink.commits).toBe(1)
  })
})

describe('a reflector whose API server is not reached', () => {
  it('is not synced after half a minute, and resumes as soon as anything has an answer again', async () => {
    const clock = new FakeClock()
    const connection = await connect({ kubeconfig: world.operatorKubeconfig, clock })
    onTestFinished(() => connection.close())
    const running = start({ clock, connection })
    await running.whenSynced()
    world.proxy.rule({ kind: 'cut', at: 'request' })
    await cutNow()
    await eventually(() => running.state.phase === 'waiting')
    await clock.advance(30_000)
    expect(running.synced).toBe(true)
    await clock.advance(1)
    expect(running.synced).toBe(false)
    while (running.state.restarts < 9) await clock.advance(30_000)
    await eventually(() => running.state.phase === 'waiting')

    world.proxy.clear()
    await connection.request({ method: 'GET', path: '/version' })
    await clock.advance(1_600)
    await eventually(() => running.synced)
    await createPods(1)
    await converged()
    expect(new Set(reasons)).toEqual(new Set(['unreachable']))
  })
})

describe('a reflector whose API server is restarted', () => {
  it('comes back with one stream and nothing lost', async () => {
    const running = start()
    await running.whenSynced()
    const [name = ''] = await createPods(1)
    await cluster.stopApiServer()
    await eventually(() => running.state.restarts >= 2)
    expect(running.state.lastError?.code).toMatch(/^KUBE_/)
    await cluster.startApiServer()
    await deletePod(name)
    await createPods(3)
    await converged(40_000)
    expect([openWatches(), running.synced, running.state.lastError]).toEqual([1, true, undefined])
  })
})

describe('a reflector that is told to start over', () => {
  it('lists from nothing and is not synced until then, also when it waits to resume', async () => {
    const clock = new FakeClock()
    const running = start({ clock })
    await running.whenSynced()
    running.startOver()
    expect([running.synced, running.state.resourceVersion]).toEqual([false, ''])
    await running.whenSynced()
    expect(reasons).toEqual(['expired'])

    world.proxy.rule({ kind: 'status', status: 500, times: 1 }, { query: WATCH })
    await cutNow()
    await eventually(async () => {
      await clock.advance(2_000)
      return running.state.phase === 'waiting' && running.state.lastError?.code === 'KUBE_SERVER_ERROR'
    })
    running.startOver()
    const reached = running.reached('1')
    await eventually(async () => {
      await clock.advance(5_000)
      return running.synced
    })
    await reached
    expect([sink.commits, reasons]).toEqual([3, ['expired', 'unreachable', 'server-error']])
    const initial = world.proxy.requests.filter(({ query }) => INITIAL.test(query)).slice(-2)
    for (const { query } of initial) expect(query).not.toMatch(/resourceVersion=/)
    await converged()
  })
})

describe('stopping a reflector', () => {
  it('is immediate while it connects, watches or waits, and leaves no stream', async () => {
    const held = world.proxy.hold({ query: WATCH })
    const connecting = start()
    await held.arrived
    await connecting.stop()
    held.release()
    expect([connecting.state.phase, connecting.synced, sink.commits]).toEqual(['stopped', false, 0])

    const watching = start()
    await watching.whenSynced()
    await watching.stop()
    expect([watching.synced, sink.commits]).toEqual([false, 1])

    world.proxy.rule({ kind: 'status', status: 500 }, { query: WATCH })
    const waiting = start({ clock: new FakeClock() })
    await eventually(() => waiting.state.phase === 'waiting')
    const synced = waiting.whenSynced()
    await Promise.all([waiting.stop(), expect(synced).rejects.toMatchObject({ code: 'CANCELLED' })])
    await eventually(() => world.proxy.exchanges().length === 0)
  })

  it('does not keep those who wait for it longer than they want', async () => {
    world.proxy.rule({ kind: 'status', status: 500 }, { query: /watch|limit/ })
    const waiting = start({ clock: new FakeClock() }).whenSynced(AbortSignal.timeout(20))
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
