import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import type { KubeObject } from '#kube/objects.ts'
import { EventRecorder } from '#runtime/events.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

interface StoredEvent extends KubeObject {
  readonly note: string
  readonly reason: string
  readonly series?: { readonly count: number }
}

let cluster: TestCluster

beforeAll(async () => {
  cluster = await borrowCluster()
})
afterAll(() => cluster.stop())

const minutes = (n: number) => n * 60_000

async function newRecorder(election = { leads: true }) {
  const proxy = await startFaultProxy({ upstream: cluster.server, upstreamInsecure: true, tls: true })
  const kubeconfig = await cluster.operatorKubeconfig({ server: proxy.url })
  const connection = await connect({ kubeconfig, clock: systemClock })
  const clock = new FakeClock(Date.now())
  const fence = {
    requestTimeoutMs: 8_000,
    assertLeader: () => {
      if (!election.leads) throw new TallymanError('LEADERSHIP_LOST', 'standing by')
    },
  }
  const log = pino({ level: 'silent' })
  const recorder = new EventRecorder({
    client: new KubeClient(connection),
    fence,
    clock,
    log,
    instance: 'test_1',
  })
  onTestFinished(async () => {
    await recorder.flush(1_000)
    await connection.close()
    await proxy.stop()
  })
  return { recorder, clock, proxy }
}

function subject(name: string, namespace: string | undefined = cluster.namespace) {
  return {
    apiVersion: 'tallyman.dev/v1alpha1',
    kind: 'Registry',
    metadata: { name, namespace, uid: `uid-${name}` },
  }
}

async function eventsOf(name: string, namespace = cluster.namespace): Promise<StoredEvent[]> {
  const { stdout } = await cluster.kubectl(['get', 'events.events.k8s.io', '-n', namespace, '-o', 'json'])
  const { items } = JSON.parse(stdout) as { items: StoredEvent[] }
  return items.filter((event) => event.metadata.name.startsWith(`${name}.`))
}

describe('an event', () => {
  test('is what the API server and kubectl understand', async () => {
    const { recorder } = await newRecorder()
    recorder.record(subject('first'), 'RegistryUnreachable', 'GET https://me:pw@r.example/v2/?sig=1 failed')
    const [event] = await eventually(async () => {
      const events = await eventsOf('first')
      return events.length > 0 && events
    })
    expect(event).toMatchObject({
      type: 'Warning',
      reason: 'RegistryUnreachable',
      action: 'Probe',
      note: 'GET https://r.example/v2/ failed',
      reportingController: 'tallyman.dev/operator',
      reportingInstance: 'test_1',
      regarding: { kind: 'Registry', name: 'first', namespace: cluster.namespace, uid: 'uid-first' },
    })
    const { stdout } = await cluster.kubectl(['get', 'events', '-n', cluster.namespace])
    expect(stdout).toMatch(
      /Warning +RegistryUnreachable +registry\/first +GET https:\/\/r\.example\/v2\/ failed/,
    )
  })

  test('about a cluster-scoped object stands in namespace default, and a long note is cut in bytes', async () => {
    const { recorder } = await newRecorder()
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } }
    recorder.record(node, 'InventorySynced', 'é'.repeat(2_000))
    const [event] = await eventually(async () => {
      const events = await eventsOf('node-1', 'default')
      return events.length > 0 && events
    })
    expect(event?.note).toMatch(/^é+…$/)
    expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1_024)
  })

  test('that repeats becomes a series: the second is sent, further ones when it has ended', async () => {
    const { recorder, clock, proxy } = await newRecorder()
    const patches = proxy.counter({ method: 'PATCH' })
    const record = () => recorder.record(subject('again'), 'RegistryReachable', 'answers')
    record()
    await eventually(async () => (await eventsOf('again')).length === 1)
    record()
    await eventually(async () => (await eventsOf('again'))[0]?.series?.count === 2)
    for (let n = 0; n < 50; n += 1) record()
    await clock.advance(minutes(5))
    expect(patches.count).toBe(1)
    await clock.advance(minutes(2))
    await eventually(async () => (await eventsOf('again'))[0]?.series?.count === 52)
    // The series is over: the next is an event of its own.
    record()
    await eventually(async () => (await eventsOf('again')).length === 2)
  })

  test('that was deleted meanwhile is written anew with its count', async () => {
    const { recorder } = await newRecorder()
    recorder.record(subject('deleted'), 'RegistryReachable', 'answers')
    await eventually(async () => (await eventsOf('deleted')).length === 1)
    await cluster.kubectl(['delete', 'events.events.k8s.io', '--all', '-n', cluster.namespace])
    recorder.record(subject('deleted'), 'RegistryReachable', 'answers')
    const [event] = await eventually(async () => {
      const events = await eventsOf('deleted')
      return events.length === 1 && events
    })
    expect(event?.series?.count).toBe(2)
  })

  test('is tried again while the API server fails, and given up after twelve tries', async () => {
    const { recorder, clock, proxy } = await newRecorder()
    const posts = proxy.counter({ method: 'POST' })
    const heal = proxy.rule({ kind: 'status', status: 503 }, { method: 'POST' })
    recorder.record(subject('late'), 'RegistryReachable', 'answers')
    await eventually(() => posts.count === 1 && clock.pending >= 2)
    heal()
    await clock.advance(1_000)
    await eventually(async () => (await eventsOf('late')).length === 1)

    proxy.rule({ kind: 'status', status: 503 }, { method: 'POST' })
    recorder.record(subject('never'), 'RegistryReachable', 'answers')
    for (let tries = 1; tries < 12; tries += 1) {
      await eventually(() => posts.count === 2 + tries && clock.pending >= 2)
      await clock.advance(20_000)
    }
    await eventually(() => posts.count === 2 + 12)
    await clock.advance(minutes(10))
    expect(posts.count).toBe(2 + 12)
  })

  test('whose answer was lost is not written twice', async () => {
    const { recorder, clock, proxy } = await newRecorder()
    proxy.rule({ kind: 'cut', at: 'headers', times: 1 }, { method: 'POST' })
    recorder.record(subject('lost'), 'RegistryReachable', 'answers')
    await eventually(() => proxy.count === 1 && clock.pending >= 2)
    await clock.advance(1_000)
    await eventually(() => proxy.requests[1]?.status === 409)
    expect(await eventsOf('lost')).toHaveLength(1)
  })

  test('is not tried again when it is refused', async () => {
    const { recorder, clock, proxy } = await newRecorder()
    const posts = proxy.counter({ method: 'POST' })
    recorder.record(subject('nowhere', 'no-such-namespace'), 'RegistryReachable', 'answers')
    recorder.record(subject('after'), 'RegistryReachable', 'answers')
    await eventually(async () => (await eventsOf('after')).length === 1)
    await clock.advance(minutes(1))
    expect(posts.count).toBe(2)
  })

  test('is not written by a process that does not lead', async () => {
    const { recorder, proxy } = await newRecorder({ leads: false })
    recorder.record(subject('standby'), 'RegistryReachable', 'answers')
    await recorder.flush(1_000)
    expect(proxy.count).toBe(0)
  })

  test('that was recorded when a term ended is written in the next one', async () => {
    const election = { leads: false }
    const { recorder, clock, proxy } = await newRecorder(election)
    recorder.record(subject('re-elected'), 'RegistryReachable', 'answers')
    await eventually(() => clock.pending > 1)
    election.leads = true
    await clock.advance(1_000)
    await eventually(() => proxy.count === 1)
  })

  test('that is on its way when the process ends is sent once', async () => {
    const { recorder, proxy } = await newRecorder()
    const held = proxy.hold({ method: 'POST' })
    recorder.record(subject('flushed'), 'RegistryReachable', 'answers')
    await held.arrived
    const flushed = recorder.flush(10_000)
    held.release()
    await flushed
    recorder.record(subject('too-late'), 'RegistryReachable', 'answers')
    expect(proxy.requests.map(({ method, status }) => [method, status])).toEqual([['POST', 201]])
    expect(await eventsOf('flushed')).toHaveLength(1)
  })

  test('is dropped when a thousand wait, and flush sends what is left', async () => {
    const { recorder, proxy } = await newRecorder()
    const held = proxy.hold({ method: 'POST' })
    for (let n = 0; n < 1_200; n += 1) recorder.record(subject(`many-${n}`), 'RegistryReachable', 'answers')
    await held.arrived
    held.release()
    const posts = proxy.counter({ method: 'POST' })
    await recorder.flush(60_000)
    expect(posts.count).toBeLessThanOrEqual(1_001)
    expect(posts.count).toBeGreaterThanOrEqual(999)
  })
})
