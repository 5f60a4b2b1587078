import { afterAll, beforeAll, expect, it } from 'vitest'
import { LiveInventory } from '#clusters/live-inventory.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { PODS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { type Entry, putAll } from '#test/harness/etcd/put-all.ts'
import { storedContainers, storedPod, uidOf } from '#test/harness/etcd/stored-objects.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const NAMESPACE = 'crowd'
const PODS_THERE = 50_000
const PODS_OF_OWNER = 10
/** Creations and deletions together. */
const CHANGES_A_SECOND = 500
const PODS_CHURNED = 2_500
/** How many of them are there at once. */
const LIVES = 250

let cluster: TestCluster
let connection: ClusterConnection
let live: LiveInventory

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }])
  if (cluster.etcdUrl === undefined) throw new Error('the etcd of an existing cluster is not ours to fill')
  // Without a reader, etcd takes four times as much.
  await cluster.stopApiServer()
  await putAll(cluster.etcdUrl, crowd())
  await cluster.startApiServer()
  connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  const config = inventoryConfig([clusterOver('crowded', connection)])
  live = new LiveInventory({ config, memory: 'unloaded', clock: systemClock, log: silentLog })
  live.inventory.load([], true, { wall: systemClock.now(), monotonic: systemClock.monotonic() })
  live.start()
}, 240_000)

afterAll(async () => {
  await live?.stop()
  await connection?.close()
  await cluster?.stop()
})

it('S03: lists a namespace of 50,000 pods whole', async () => {
  await live.whenSynced(AbortSignal.timeout(120_000))
  const snapshot = await trusted()
  expect(snapshot.pods).toBe(PODS_THERE)
  const images = new Map(snapshot.images.map(({ image, pods }) => [image, pods]))
  for (let owner = 0; owner < PODS_THERE / PODS_OF_OWNER; owner += 1) {
    expect(images.get(imageOf(owner))).toBe(PODS_OF_OWNER)
  }
}, 200_000)

it('S02 S03: misses no image at 500 changes a second in it, in any snapshot that is synced and trusted', async () => {
  const acknowledged = new Map<string, number>()
  const churned = churn(new KubeClient(connection), acknowledged)
  let isOver = false
  const over = churned.finally(() => {
    isOver = true
  })
  let judged = 0
  while (!isOver) {
    const snapshot = await trusted()
    expect(missing(snapshot, acknowledged)).toEqual([])
    judged += 1
  }
  await over
  const last = await trusted()
  expect(missing(last, acknowledged)).toEqual([])
  expect(acknowledged.size).toBe(PODS_CHURNED)
  expect(last.pods).toBe(PODS_THERE)
  expect(judged).toBeGreaterThan(2)
}, 200_000)

/** One that is good enough to delete by. After a watch was opened again, the cluster says only in a moment who it is. */
function trusted(): Promise<InventorySnapshot> {
  return eventually(async () => {
    const snapshot = await live.barrier(AbortSignal.timeout(60_000))
    const lasting = snapshot.distrusts.filter(({ reason }) => reason !== 'IdentityUnverified')
    expect(lasting).toEqual([])
    return snapshot.trusted ? snapshot : undefined
  })
}

/** What was acknowledged before the barrier, is gone or is there, and is neither in use nor remembered. */
function missing(snapshot: InventorySnapshot, acknowledged: ReadonlyMap<string, number>): string[] {
  const held = new Set([...snapshot.images, ...snapshot.remembered].map(({ image }) => image))
  const before = snapshot.barrier?.monotonic ?? Number.POSITIVE_INFINITY
  return [...acknowledged].flatMap(([image, at]) => (at <= before && !held.has(image) ? [image] : []))
}

/** Makes pods, each with an image of its own, and deletes them while others are made. */
async function churn(client: KubeClient, acknowledged: Map<string, number>): Promise<void> {
  const requests: Promise<void>[] = []
  const created: Promise<void>[] = []
  const started = performance.now()
  for (let number = 0; number < PODS_CHURNED + LIVES; number += 1) {
    const due = started + (number / (CHANGES_A_SECOND / 2)) * 1_000
    if (due > performance.now()) await systemClock.sleep(due - performance.now())
    if (number < PODS_CHURNED) created.push(create(client, number, acknowledged))
    const past = number - LIVES
    if (past >= 0) requests.push(remove(client, past, created[past]))
  }
  await Promise.all([...created, ...requests])
}

async function create(client: KubeClient, number: number, acknowledged: Map<string, number>): Promise<void> {
  const image = `registry.example.com/churn/app:${number}`
  const metadata = { name: `churned-${number}`, namespace: NAMESPACE }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'app', image }] } }
  await client.create(PODS, pod)
  acknowledged.set(image, systemClock.monotonic())
}

async function remove(client: KubeClient, number: number, created: Promise<void> | undefined): Promise<void> {
  await created
  await client.delete(PODS, { namespace: NAMESPACE, name: `churned-${number}` })
}

function* crowd(): Generator<Entry> {
  for (let owner = 0; owner < PODS_THERE / PODS_OF_OWNER; owner += 1) {
    const containers = storedContainers([imageOf(owner)], [])
    for (let n = 0; n < PODS_OF_OWNER; n += 1) {
      const name = `app-${owner}-${n}`
      const meta = { namespace: NAMESPACE, name, uid: uidOf(name) }
      yield {
        key: `/registry/pods/${NAMESPACE}/${name}`,
        value: storedPod(meta, containers, `node-${owner % 500}`, false),
      }
    }
  }
}

function imageOf(owner: number): string {
  return `registry.example.com/crowd/app-${owner}:v1`
}
