import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { KubeClient } from '#kube/client.ts'
import { connect } from '#kube/connection.ts'
import { LEASES, type ObjectKey } from '#kube/resource.ts'
import { LeaderElector, type LeaderElectorOptions } from '#runtime/leader-election.ts'
import { type Lease, LeaseObservation, microTime, newLease, taken } from '#runtime/lease-record.ts'
import { Metrics } from '#runtime/metrics.ts'
import { aborted } from '#runtime/term.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Clock, systemClock } from '#time/clock.ts'

const TIMES = { leaseDurationMs: 3_000, renewDeadlineMs: 1_500, retryPeriodMs: 250 }
const log = pino({ level: 'silent' })

let cluster: TestCluster
let kubeconfig: string

beforeAll(async () => {
  cluster = await startCluster({ controllers: false })
  kubeconfig = await cluster.operatorKubeconfig()
})
afterAll(() => cluster.stop())

async function newElector(lease: string, identity: string, options: Partial<LeaderElectorOptions> = {}) {
  const connection = await connect({ kubeconfig, clock: systemClock })
  const client = new KubeClient(connection)
  const metrics = new Metrics()
  const key: ObjectKey = { namespace: 'tallyman-system', name: lease }
  const terms: AbortSignal[] = []
  const elector = new LeaderElector({
    client,
    lease: key,
    identity,
    times: TIMES,
    clock: systemClock,
    log,
    metrics,
    lead: async (term) => {
      terms.push(term)
      await aborted(term)
    },
    ...options,
  })
  onTestFinished(async () => {
    // Rejects where the work of a term did.
    await Promise.allSettled([elector.release()])
    await connection.close()
    metrics.close()
  })
  return { elector, client, terms, metrics, read: () => client.get<Lease>(LEASES, key), key }
}

describe('leader election', () => {
  test('lets one lead, and the other follow at once when the first lets go', async () => {
    const first = await newElector('handover', 'first')
    const second = await newElector('handover', 'second')
    expect(() => first.elector.assertLeader()).toThrow('the lease is not held')
    void first.elector.run()
    await eventually(() => first.elector.isLeader)
    void second.elector.run()
    expect((await first.read()).spec).toMatchObject({
      holderIdentity: 'first',
      leaseDurationSeconds: 3,
      leaseTransitions: 0,
      renewTime: expect.stringMatching(/\.\d{6}Z$/),
    })
    const renewals = new Set<string | undefined>()
    await eventually(async () => renewals.add((await first.read()).spec?.renewTime).size >= 4)
    expect([first.elector.isLeader, second.elector.isLeader]).toEqual([true, false])

    await first.elector.release()
    expect(first.terms[0]?.aborted).toBe(true)
    expect((await first.read()).spec?.holderIdentity).not.toBe('first')
    await eventually(() => second.elector.isLeader, { timeoutMs: TIMES.leaseDurationMs - 500 })
    expect((await second.read()).spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 })
  })

  test('takes over from a holder that vanished only after it saw no renewal for a lease duration', async () => {
    const { elector, client, read, key } = await newElector('vanished', 'heir')
    const longAgo = Date.UTC(2020, 0, 1)
    await client.create(LEASES, taken(newLease(key, {}), 'vanished', TIMES.leaseDurationMs, longAgo))
    const startedAt = systemClock.monotonic()
    void elector.run()
    await eventually(() => elector.isLeader)
    expect(systemClock.monotonic() - startedAt).toBeGreaterThanOrEqual(TIMES.leaseDurationMs)
    expect((await read()).spec).toMatchObject({ holderIdentity: 'heir', leaseTransitions: 2 })
  })

  test('S16: does not begin with times that leave a request no time to end before another one leads', async () => {
    const times = { leaseDurationMs: 2_500, renewDeadlineMs: 1_500, retryPeriodMs: 250 }
    await expect(newElector('unsound', 'unsound', { times })).rejects.toMatchObject({ code: 'INTERNAL' })
    const { elector } = await newElector('sound', 'sound')
    expect(elector.requestTimeoutMs).toBe(1_000)
  })

  test('goes on leading when somebody else writes a label, and stands by when somebody else writes a name', async () => {
    const { elector, terms, metrics } = await newElector('written', 'mine')
    void elector.run()
    await eventually(() => elector.isLeader)
    const patch = async (body: object) => {
      await cluster.kubectl([
        'patch',
        'lease',
        'written',
        '-n',
        'tallyman-system',
        '--type=merge',
        '-p',
        JSON.stringify(body),
      ])
    }
    await patch({ metadata: { labels: { touched: 'yes' } } })
    await eventually(async () =>
      (await metrics.render()).includes('leader_election_slowpath_total{name="written"} 1'),
    )
    expect([elector.isLeader, terms[0]?.aborted]).toEqual([true, false])

    await patch({ spec: { holderIdentity: 'thief' } })
    await eventually(() => terms[0]?.aborted)
    expect(terms[0]?.reason).toMatchObject({ code: 'LEADERSHIP_LOST', message: 'the lease is held by thief' })
    expect(() => elector.assertLeader()).toThrow()
    await eventually(() => elector.isLeader)
    expect(terms).toHaveLength(2)
  })

  test('stands by while the API server is away for longer than the lease, and leads again after', async () => {
    // What loses the lease is the outage, and no slow start of the API server beside others.
    const times = { leaseDurationMs: 8_000, renewDeadlineMs: 6_000, retryPeriodMs: 250 }
    const { elector, terms, read } = await newElector('outage', 'only', { times })
    let ended = false
    void elector.run().finally(() => {
      ended = true
    })
    await eventually(() => elector.isLeader)
    const downAt = systemClock.monotonic()
    await cluster.stopApiServer()
    try {
      await eventually(() => terms[0]?.aborted)
      expect(elector.isLeader).toBe(false)
      await eventually(() => systemClock.monotonic() - downAt > times.leaseDurationMs)
    } finally {
      await cluster.startApiServer()
    }
    await eventually(() => elector.isLeader)
    expect([terms.length, ended]).toEqual([2, false])
    expect((await read()).spec).toMatchObject({ holderIdentity: 'only', leaseTransitions: 1 })
  })

  test('begins no new term before the work of the last one has ended', async () => {
    const { promise: slow, resolve: finish } = Promise.withResolvers<void>()
    let offset = 0
    let terms = 0
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset }
    const { elector, read } = await newElector('slow', 'slow', {
      clock,
      lead: async (term) => {
        terms += 1
        await aborted(term)
        if (terms === 1) await slow
      },
    })
    void elector.run()
    await eventually(() => elector.isLeader)
    // The machine slept: its monotonic clock stood, the wall clock did not.
    offset = TIMES.renewDeadlineMs
    expect(() => elector.assertLeader()).toThrow('not renewed in time')
    const { renewTime } = (await read()).spec ?? {}
    const until = systemClock.monotonic() + TIMES.retryPeriodMs * 4
    await eventually(() => systemClock.monotonic() > until)
    expect((await read()).spec?.renewTime).toBe(renewTime)
    expect(terms).toBe(1)
    finish()
    await eventually(() => elector.isLeader)
    expect(terms).toBe(2)
  })

  test('ends the election when the work of a term ends with an error', async () => {
    const { elector } = await newElector('wedged', 'wedged', {
      lead: () => Promise.reject(new Error('a worker does not stop')),
    })
    await expect(elector.run()).rejects.toThrow('a worker does not stop')
    expect(elector.isLeader).toBe(false)
    await expect(elector.release()).rejects.toThrow('a worker does not stop')
  })

  test('a leader that was frozen for two lease durations writes nothing before it has looked', async () => {
    const proxy = await startFaultProxy({ upstream: cluster.server, upstreamInsecure: true, tls: true })
    onTestFinished(() => proxy.stop())
    const throughProxy = await cluster.operatorKubeconfig({ server: proxy.url })
    const script = fileURLToPath(new URL('../../test/harness/elector-process.ts', import.meta.url))
    const times = [TIMES.leaseDurationMs, TIMES.renewDeadlineMs, TIMES.retryPeriodMs].map(String)
    const child = spawn(process.execPath, [script, throughProxy, 'frozen', ...times], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await exited
    })
    const said: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => said.push(line))
    await eventually(() => said.includes('leading'))
    const writes = proxy.counter({ method: 'POST', path: /events$/ })
    await eventually(() => writes.count >= 3)

    // Right after a write it sleeps, so that nothing of it is half on its way.
    const before = writes.count
    await eventually(() => writes.count > before && proxy.exchanges().length === 0, { intervalMs: 2 })
    child.kill('SIGSTOP')
    const stoppedAt = systemClock.monotonic()
    const { elector } = await newElector('frozen', 'awake')
    void elector.run()
    await eventually(
      () => elector.isLeader && systemClock.monotonic() - stoppedAt > 2 * TIMES.leaseDurationMs,
    )

    const seenBefore = proxy.count
    child.kill('SIGCONT')
    const since = () => proxy.requests.filter(({ n }) => n > seenBefore)
    await eventually(() => since().length >= 4)
    expect(said).toEqual(['leading', 'standby'])
    expect(since().map(({ method, path }) => `${method} ${path}`)).toEqual(
      since().map(() => 'GET /apis/coordination.k8s.io/v1/namespaces/tallyman-system/leases/frozen'),
    )
    expect([elector.isLeader, child.exitCode]).toEqual([true, null])
  })
})

describe('the record of a lease', () => {
  const key = { namespace: 'ns', name: 'lease' }

  test('has times with six digits', () => {
    expect(microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 60))).toBe('2026-01-02T03:04:05.060000Z')
  })

  test('expires by what was seen here, however old its own times look', () => {
    const observation = new LeaseObservation()
    const lease = taken(newLease(key, {}), 'other', 10_000, 0)
    observation.see(lease, 1_000)
    expect(observation.expired(lease, 10_000, 10_999)).toBe(false)
    observation.see(lease, 9_000)
    expect(observation.expired(lease, 10_000, 11_000)).toBe(true)
    observation.see(taken(lease, 'third', 10_000, 0), 11_500)
    expect(observation.expired(lease, 10_000, 12_000)).toBe(false)
  })

  test('is held for as long as its holder says, where that is longer than what we would', () => {
    const observation = new LeaseObservation()
    const lease = taken(newLease(key, {}), 'other', 60_000, 0)
    observation.see(lease, 0)
    expect(observation.expired(lease, 10_000, 59_999)).toBe(false)
    expect(observation.expired(lease, 10_000, 60_000)).toBe(true)
  })

  test('an answer that lay around while we were frozen proves nothing', () => {
    const observation = new LeaseObservation()
    const lease = taken(newLease(key, {}), 'other', 10_000, 0)
    observation.see(lease, 0)
    // Asked at 5 s, frozen, read at 60 s.
    observation.see(lease, 60_000)
    expect(observation.expired(lease, 10_000, 5_000)).toBe(false)
  })
})
