import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { PODS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { expired, expiredFrame, type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import { Api } from './support/api.ts'
import { imageInventory, pod, registry } from './support/objects.ts'

/** The API server stays away this long; `TALLYMAN_OUTAGE_SECONDS=60` for the minute of a real upgrade. */
const OUTAGE_MS = Number(process.env.TALLYMAN_OUTAGE_SECONDS ?? 6) * 1000
const BURST = 150

let cluster: TestCluster
let proxy: FaultProxy
let operator: OperatorProcess
let api: Api
let connection: ClusterConnection
let client: KubeClient
let created = 0

beforeAll(async () => {
  cluster = await startCluster({ crds: true })
  proxy = await startFaultProxy({ upstream: cluster.server, upstreamCa: cluster.caPem ?? '', tls: true })
  const kubeconfig = await cluster.operatorKubeconfig({ server: proxy.url, caPem: proxy.caPem ?? '' })
  await cluster.apply([imageInventory({ namespace: cluster.namespace, name: 'all' })])
  operator = await startOperator({ kubeconfig, logFile: path.join(cluster.stateDir, 'operator.log') })
  api = await Api.connect(cluster)
  connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  client = new KubeClient(connection)
})

beforeEach(() => proxy.clear())

afterAll(async () => {
  await operator.stop()
  await connection.close()
  await api.close()
  await proxy.stop()
  await cluster.stop()
})

/** Creates pods, each with an image of its own. */
async function burst(count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    created += 1
    const place = { namespace: cluster.namespace, name: `pod-${created}` }
    await client.create(PODS, pod(place, `registry.example.com/app:${created}`))
  }
}

async function remove(count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const name = `pod-${created}`
    created -= 1
    await client.delete(PODS, { namespace: cluster.namespace, name })
  }
}

/** The inventory says what the API server has: nothing lost, nothing kept that is gone. */
async function converges(): Promise<void> {
  await eventually(
    async () => {
      const { status } = await api.inventory({ namespace: cluster.namespace, name: 'all' })
      const synced = status?.conditions?.find(({ type }) => type === 'Synced')?.status
      return synced === 'True' && status?.images === created && status.pods === created
    },
    { message: `an inventory of ${created} pods`, timeoutMs: 60_000 },
  )
}

/** Open watches by resource: each has one reader, however often it was opened again. */
function openWatches(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { request } of proxy.exchanges({ query: /watch=true/ })) {
    const resource = request.path.split('/').at(-1) ?? ''
    counts[resource] = (counts[resource] ?? 0) + 1
  }
  return counts
}

const ONE_EACH = { pods: 1, nodes: 1, registries: 1, imageinventories: 1, registrychecks: 1 }

test('a watch that is closed half-way through a burst, again and again, loses nothing', async () => {
  const cutting = { stopped: false }
  const cuts = (async () => {
    while (!cutting.stopped) {
      for (const exchange of proxy.exchanges({ path: /pods$/, query: /watch=true/ })) exchange.cut()
      await systemClock.sleep(100)
    }
  })()
  await burst(BURST)
  cutting.stopped = true
  await cuts

  await converges()
  expect(openWatches()).toStrictEqual(ONE_EACH)
})

test('a watch that has expired, as an event and as a status, is listed anew and loses nothing', async () => {
  proxy.rule({ ...expiredFrame(3), times: 1 }, { path: /pods$/, query: /watch=true/ })
  proxy.rule({ ...expired, times: 1 }, { path: /pods$/, query: /watch=true(?!.*sendInitialEvents)/ })
  for (const exchange of proxy.exchanges({ path: /pods$/, query: /watch=true/ })) exchange.cut()
  await burst(BURST)
  await remove(20)

  await converges()
  expect(openWatches()).toStrictEqual(ONE_EACH)
})

test('a status write whose answer is lost is told all the same', async () => {
  const place = { namespace: cluster.namespace, name: 'nobody-listens' }
  proxy.rule({ kind: 'drop', times: 1 }, { method: 'PATCH', path: /\/registries\/nobody-listens\/status$/ })
  await cluster.apply([registry(place, { url: 'http://127.0.0.1:1' })])

  const reasons = async () => (await api.events('Registry', place)).map(({ reason }) => reason)
  await eventually(async () => (await reasons()).includes('RegistryUnreachable'), { timeoutMs: 30_000 })
})

test('an API server that is killed under load and comes back finds the same process, one watch each, and nothing lost', async () => {
  const { pid } = operator
  await burst(BURST)

  await cluster.stopApiServer()
  await systemClock.sleep(OUTAGE_MS)
  await cluster.startApiServer()
  await remove(40)
  await burst(BURST)

  await converges()
  await eventually(
    () => JSON.stringify(openWatches()) !== '{}' && Object.values(openWatches()).length === 5,
    {
      message: 'every watch to be open again',
      timeoutMs: 60_000,
    },
  )
  expect(openWatches()).toStrictEqual(ONE_EACH)
  expect(operator.running).toBe(true)
  expect(operator.pid).toBe(pid)
}, 180_000)
