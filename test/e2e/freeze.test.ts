import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY_CHECKS } from '#controllers/resources.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { logLines, type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { Api } from './support/api.ts'
import { scrape } from './support/metrics.ts'
import { imageInventory, pod, registry, registryCheck } from './support/objects.ts'

const LEASE_MS = 3_000
const LEASE = ['--lease-duration', '3s', '--renew-deadline', '1500ms', '--retry-period', '300ms']

/** An operator whose requests to the API server can be told from those of the other one. */
interface Observed {
  readonly operator: OperatorProcess
  readonly proxy: FaultProxy
}

let cluster: TestCluster
let server: TestRegistry
let api: Api
const proxies: FaultProxy[] = []
const place = () => ({ namespace: cluster.namespace, name: 'main' })

beforeAll(async () => {
  cluster = await borrowCluster({ crds: true })
  server = await startRegistry({ version: '2.8' })
  api = await Api.connect(cluster)
  new StorageWriter(server.storageDir).write('app/whole', containerImage({ seed: 'whole' }), '1')
  await cluster.apply([
    pod({ namespace: cluster.namespace, name: 'whole' }, `${server.host}/app/whole:1`),
    imageInventory({ namespace: cluster.namespace, name: 'all' }),
    registry(place(), { url: server.url, interval: '1s' }),
    // Every second something to write: whoever believes to lead shows it.
    registryCheck(place(), { interval: '1s' }),
  ])
})

afterAll(async () => {
  await api.close()
  await Promise.all(proxies.map((proxy) => proxy.stop()))
  await server.stop()
  await cluster.stop()
})

async function start(name: string): Promise<Observed> {
  const proxy = await startFaultProxy({
    upstream: cluster.server,
    upstreamCa: cluster.caPem ?? '',
    tls: true,
  })
  proxies.push(proxy)
  const kubeconfig = await cluster.operatorKubeconfig({ server: proxy.url, caPem: proxy.caPem ?? '' })
  const logFile = path.join(cluster.stateDir, `${name}.log`)
  return { operator: await startOperator({ kubeconfig, logFile, args: LEASE }), proxy }
}

function said({ operator }: Observed, message: string, times = 1): Promise<boolean> {
  return eventually(
    async () => (await logLines(operator.logFile)).filter(({ msg }) => msg === message).length >= times,
    { message: `${operator.name} to say "${message}" ${times} times` },
  )
}

function writesSince({ proxy }: Observed, n: number): string[] {
  return proxy.requests
    .filter((request) => request.n > n && request.method !== 'GET')
    .map((request) => `${request.method} ${request.path}`)
}

/** How many series about objects an operator shows: only the leader has any. */
async function objectSeries({ operator }: Observed): Promise<number> {
  const samples = await scrape(await operator.url())
  return samples.filter(({ labels }) => labels.namespace === cluster.namespace).length
}

const eventsOf = async (reason: string) =>
  (await api.events('RegistryCheck', place())).filter((event) => event.reason === reason)

test('S16: a leader that was frozen for two lease durations writes nothing after it thawed; the other one leads', async () => {
  const first = await start('first')
  await said(first, 'leading')
  const second = await start('second')
  await api.run(place())
  expect(await objectSeries(first)).toBeGreaterThan(0)
  expect(await objectSeries(second)).toBe(0)

  // What is about to be sent when it freezes goes out when it thaws: right after a write, a second passes until the next one.
  await first.proxy.counter({ path: /\/registrychecks\/main\/status/, method: 'PATCH' }).reached(1)
  first.operator.signal('SIGSTOP')
  await said(second, 'leading')
  const takenOver = performance.now()
  await eventually(() => performance.now() - takenOver >= LEASE_MS, { message: 'another lease duration' })
  const before = first.proxy.count
  first.operator.signal('SIGCONT')
  await said(first, 'standing by')
  // Standing by it looks at the Lease again and again: by the third look everything that was queued has gone out.
  const looks = first.proxy.counter({ path: /leases/, method: 'GET' })
  await looks.reached(3)

  expect(writesSince(first, before)).toStrictEqual([])
  expect(first.operator.running).toBe(true)
  const repair = damage('tag-gone', {
    storageDir: server.storageDir,
    repository: 'app/whole',
    reference: '1',
  })
  await api.run(place())
  await eventually(async () => (await eventsOf('ProblemsFound')).length > 0)
  expect(writesSince(first, before)).toStrictEqual([])
  expect(await objectSeries(first)).toBe(0)
  expect(await objectSeries(second)).toBeGreaterThan(0)

  // Leading again, it remembers nothing of its first term: what the other one told is not told again.
  await second.operator.stop()
  await said(first, 'leading', 2)
  await api.run(place())
  expect(await objectSeries(first)).toBeGreaterThan(0)
  repair()
  await api.run(place())
  await eventually(async () => (await eventsOf('ProblemsResolved')).length > 0)
  const told = await eventsOf('ProblemsFound')
  expect(told.map(({ series }) => series?.count ?? 1)).toEqual([1])
  await api.checkRules(cluster.namespace)
  await first.operator.stop()
})

test('S16: an API server that is away for longer than the lease costs leadership and not the process', async () => {
  const only = await start('only')
  await said(only, 'leading')

  only.proxy.stopListening()
  await only.proxy.cutConnections()
  await said(only, 'standing by')
  await only.proxy.resumeListening()
  await said(only, 'leading', 2)

  await api.run(place())
  expect(only.operator.running).toBe(true)
  expect(await api.exists(REGISTRY_CHECKS, place())).toBe(true)
  await api.checkRules(cluster.namespace)
  await only.operator.stop()
})
