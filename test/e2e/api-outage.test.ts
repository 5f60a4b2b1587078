import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FINDINGS_IN_STATUS } from '#crds/registry-check.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { PODS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { expired, expiredFrame, type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import { Api, settled } from './support/api.ts'
import { imageInventory, pod, registry, registryCheck } from './support/objects.ts'
import { PodLoad } from './support/pod-load.ts'

/** The API server stays away this long; `TALLYMAN_OUTAGE_SECONDS=6` for who has no time. */
const OUTAGE_MS = Number(process.env.TALLYMAN_OUTAGE_SECONDS ?? 60) * 1000
const BURST = 150
/** Pods that the load creates before and after the outage. */
const LOAD = 100

let cluster: TestCluster
let server: TestRegistry
let proxy: FaultProxy
let operator: OperatorProcess
let api: Api
let connection: ClusterConnection
let client: KubeClient
let created = 0

beforeAll(async () => {
  ;[cluster, server] = await Promise.all([startCluster({ crds: true }), startRegistry({ version: '2.8' })])
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
  await server.stop()
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

/** The inventory says what the API server has: nothing lost, nothing kept that is gone. @param more pods of others */
async function converges(more = 0): Promise<void> {
  const pods = created + more
  await eventually(
    async () => {
      const { status } = await api.inventory({ namespace: cluster.namespace, name: 'all' })
      const synced = status?.conditions?.find(({ type }) => type === 'Synced')?.status
      return synced === 'True' && status?.images === pods && status.pods === pods
    },
    { message: `an inventory of ${pods} pods`, timeoutMs: 180_000 },
  )
}

const GROUP = FINDINGS_IN_STATUS
const imageOf = (n: number) => `${server.host}/load/group-${Math.floor(n / GROUP)}/app-${n}:1`

/**
 * The images of the empty registry that the operator believes to be in use, by name. A status shows no more than twenty
 * findings: one check for each group of images, which ignores all the others.
 * @param count how many images were ever used
 */
async function imagesSeen(count: number): Promise<string[]> {
  const groups = Array.from({ length: Math.ceil(count / GROUP) }, (_, group) => group)
  await cluster.apply([
    // An absent image is looked at twice, half a second apart: many at once, or it takes minutes.
    registry(
      { namespace: cluster.namespace, name: 'main' },
      { url: server.url, interval: '1h', limits: { concurrency: 128 } },
    ),
    ...groups.map((group) => {
      const ignore = groups
        .filter((other) => other !== group)
        .map((other) => ({
          image: `**/load/group-${other}/*`,
          until: '2100-01-01T00:00:00Z',
          reason: 'another check shows it',
        }))
      const spec = { interval: '1h', depth: 'Manifest', ignore }
      return registryCheck({ namespace: cluster.namespace, name: `group-${group}` }, spec)
    }),
  ])
  const checks = await Promise.all(
    groups.map((group) =>
      settled(() => api.check({ namespace: cluster.namespace, name: `group-${group}` }), {
        Healthy: 'False ProblemsFound',
      }),
    ),
  )
  return checks.flatMap(({ status }) => (status?.findings ?? []).map(({ image }) => image))
}

/**
 * Watches that the API server has accepted and that are open, by resource: each has one reader, however often it was opened
 * again. Those of 3 s prove that a reader is not behind, and end by themselves (S03).
 */
function openWatches(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { request } of proxy.exchanges({ query: /watch=true(?!.*timeoutSeconds=3(&|$))/ })) {
    // One that starts holds them back for seconds, and may refuse them then.
    if (request.status !== 200) continue
    const resource = request.path.split('/').at(-1) ?? ''
    counts[resource] = (counts[resource] ?? 0) + 1
  }
  return counts
}

const ONE_EACH = Object.fromEntries(
  [
    ...[
      'registries',
      'imageinventories',
      'registrypolicies',
      'registrychecks',
      'pods',
      'nodes',
      'deployments',
      'statefulsets',
    ],
    ...['daemonsets', 'replicasets', 'replicationcontrollers', 'jobs', 'cronjobs', 'controllerrevisions'],
  ].map((resource) => [resource, 1]),
)

/** A server may end a watch at any time: one more, or one less, must not stay. */
async function watchedOnce(): Promise<void> {
  await eventually(
    () => {
      expect(openWatches()).toStrictEqual(ONE_EACH)
      return true
    },
    { message: 'every watch to be open, once', timeoutMs: 240_000 },
  )
}

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
  await watchedOnce()
}, 300_000)

test('a watch that has expired, as an event and as a status, is listed anew and loses nothing', async () => {
  proxy.rule({ ...expiredFrame(3), times: 1 }, { path: /pods$/, query: /watch=true/ })
  proxy.rule({ ...expired, times: 1 }, { path: /pods$/, query: /watch=true(?!.*sendInitialEvents)/ })
  for (const exchange of proxy.exchanges({ path: /pods$/, query: /watch=true/ })) exchange.cut()
  await burst(BURST)
  await remove(20)

  await converges()
  await watchedOnce()
}, 300_000)

test('a status write whose answer is lost is told all the same', async () => {
  const place = { namespace: cluster.namespace, name: 'nobody-listens' }
  proxy.rule({ kind: 'drop', times: 1 }, { method: 'PATCH', path: /\/registries\/nobody-listens\/status$/ })
  await cluster.apply([registry(place, { url: 'http://127.0.0.1:1' })])

  const reasons = async () => (await api.events('Registry', place)).map(({ reason }) => reason)
  await eventually(async () => (await reasons()).includes('RegistryUnreachable'))
})

test('an API server that is killed under load and comes back after a minute finds the same process, one watch each, and nothing lost', async () => {
  const { pid } = operator
  const load = new PodLoad({ client, namespace: cluster.namespace, imageOf })
  await eventually(() => load.created >= LOAD, { timeoutMs: 60_000 })

  await cluster.stopApiServer({ kill: true })
  await systemClock.sleep(OUTAGE_MS)
  expect(load.refused).toBeGreaterThan(OUTAGE_MS / 1000)
  const { created: createdBefore, deleted: deletedBefore } = load
  await cluster.startApiServer()
  await eventually(() => load.created >= createdBefore + LOAD && load.deleted > deletedBefore, {
    message: 'creations and deletions to go on',
    timeoutMs: 120_000,
  })
  await load.stop()

  await watchedOnce()
  await converges(load.images.size)
  const seen = await imagesSeen(load.created)
  expect(seen.toSorted()).toEqual([...load.images].toSorted())
  await watchedOnce()
  expect(operator.running).toBe(true)
  expect(operator.pid).toBe(pid)
  await api.checkRules(cluster.namespace)
}, 600_000)
