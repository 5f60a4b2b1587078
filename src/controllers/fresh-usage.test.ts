import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { LiveInventory } from '#clusters/live-inventory.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { PODS } from '#kube/resource.ts'
import { usedImages } from '#scan/used-images.ts'
import { UsedIndexes } from '#scan/used-indexes.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { startEvictionSite } from '#test/harness/eviction.ts'
import { multiPlatformImage } from '#test/harness/images.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { type Clock, systemClock } from '#time/clock.ts'
import { FreshUsage, type FreshUsageParts } from './fresh-usage.ts'

const { signal } = new AbortController()
const NAMES = { host: 'r.example', aliases: [] }
let cluster: TestCluster
let operator: ClusterConnection
let admin: ClusterConnection

beforeAll(async () => {
  cluster = await borrowCluster()
  operator = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  admin = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
})
afterAll(async () => {
  await Promise.all([operator?.close(), admin?.close()])
  await cluster?.stop()
})

/** An inventory of the cluster, how often a barrier was asked of it, and a clock that a test moves. */
async function watched(floor = 0, changes: Partial<InventoryConfig> = {}) {
  /** For who asks, no time passes after a barrier but what a test lets pass. */
  const since = { barrier: { wall: 0, monotonic: 0 }, ms: 0, suspendedMs: 0 }
  const clock: Clock = {
    ...systemClock,
    now: () => since.barrier.wall + since.ms + since.suspendedMs,
    monotonic: () => since.barrier.monotonic + since.ms,
  }
  const entry = clusterOver('here', operator)
  const config = inventoryConfig([{ ...entry, policy: { ...entry.policy, floor } }], changes)
  const inventory = new LiveInventory({ config, memory: 'none', clock: systemClock, log: silentLog })
  onTestFinished(() => inventory.stop())
  inventory.start()
  await inventory.whenSynced()
  const asked = { times: 0, slowMs: 0 }
  const live: Pick<LiveInventory, 'barrier'> = {
    barrier: async (ended) => {
      asked.times += 1
      const snapshot = await inventory.barrier(ended)
      Object.assign(
        since,
        { ms: asked.slowMs, suspendedMs: 0 },
        { barrier: snapshot.barrier ?? since.barrier },
      )
      return snapshot
    },
  }
  const usage = (parts: Partial<FreshUsageParts> = {}) =>
    new FreshUsage({
      inventories: () => [{ key: 'ns/all', live }],
      wanted: () => ['ns/all'],
      left: { read: async () => [] },
      claims: () => [],
      holders: async () => ({ holders: new Map(), askAgainAt: undefined }),
      ...{ names: NAMES, clock },
      ...parts,
    })
  return { usage, since, asked, live }
}

async function createPod(name: string, image = `r.example/shop/${name}:v1`): Promise<void> {
  await new KubeClient(admin).create(PODS, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: cluster.namespace } },
    ...{ spec: { containers: [{ name: 'main', image }] } },
  })
}

const uses = (usage: FreshUsage, name: string) =>
  usage.index.usesOf({ repository: `shop/${name}`, tag: 'v1' }).length

test('S03: knows every pod that was created before it was asked, and asks again after 3 s', async () => {
  const { usage: make, since, asked } = await watched()
  const usage = make()
  expect(() => usage.index).toThrow('not looked yet')
  await createPod('first')
  await Promise.all([usage.refresh(signal), usage.refresh(signal)])
  expect([uses(usage, 'first'), asked.times]).toEqual([1, 1])
  const { index } = usage
  // Of a sum of such times the last bit is not exact.
  since.ms = 2_999
  await usage.refresh(signal)
  expect(asked.times).toBe(1)
  since.ms = 3_001
  await usage.refresh(signal)
  expect(asked.times).toBe(2)
  since.suspendedMs = 3_001
  await usage.refresh(signal)
  expect(asked.times).toBe(3)
  // Nothing is in use that was not.
  expect(usage.index).toBe(index)
  await createPod('second')
  since.ms = 3_001
  await usage.refresh(signal)
  expect([uses(usage, 'first'), uses(usage, 'second')]).toEqual([1, 1])
})

test('S03: a cluster that answers too slowly to know it for certain keeps everything', async () => {
  const { usage: make, asked } = await watched()
  asked.slowMs = 3_500
  await expect(make().refresh(signal)).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
})

test('S05: an inventory that is not trusted keeps everything', async () => {
  const { usage: make } = await watched(1_000)
  await expect(make().refresh(signal)).rejects.toMatchObject({ code: 'INVENTORY_NOT_TRUSTED' })
})

test('S05: an inventory that was removed keeps everything, from the moment on that it is gone', async () => {
  const { usage: make, live } = await watched()
  const gone = { inventory: 'ns/edge', namespace: 'tallyman-system', name: 'tallyman-ledger-1' }
  const inventories = [{ key: 'ns/all', live }]
  const left: (typeof gone)[] = []
  const usage = make({ inventories: () => inventories, left: { read: async () => left } })
  const edge = { key: 'ns/edge', live: (await watched()).live }
  inventories.push(edge)
  await usage.refresh(signal)
  inventories.pop()
  left.push(gone)
  await expect(usage.refresh(signal)).rejects.toMatchObject({
    code: 'INVENTORY_NOT_TRUSTED',
    message: expect.stringContaining('ImageInventory ns/edge is gone'),
  })
})

test('S01: keeps everything while an inventory is not watched yet, where there is none, and after another one came', async () => {
  const { usage: make, live, asked } = await watched()
  const code = 'BARRIER_NOT_REACHED'
  await expect(make({ wanted: () => ['ns/all', 'ns/more'] }).refresh(signal)).rejects.toMatchObject({ code })
  await expect(make({ wanted: () => [], inventories: () => [] }).refresh(signal)).rejects.toMatchObject({
    ...{ code, message: 'No ImageInventory says what is in use' },
  })
  const inventories = [{ key: 'ns/all', live }]
  const usage = make({ inventories: () => inventories })
  await usage.refresh(signal)
  const other = await watched()
  inventories.push({ key: 'ns/more', live: other.live })
  const before = asked.times
  await usage.refresh(signal)
  expect([asked.times - before, other.asked.times]).toEqual([1, 1])
})

test('S01: what another installation claims counts as soon as it is known', async () => {
  const { usage: make } = await watched()
  let claims: readonly UsageClaim[] = []
  const usage = make({ claims: () => claims })
  await usage.refresh(signal)
  expect(uses(usage, 'theirs')).toBe(0)
  claims = [
    {
      ...{
        installation: 'other',
        writtenAt: 0,
        synced: true,
        trusted: true,
        digests: [],
        configs: [],
        pins: [],
      },
      images: ['r.example/shop/theirs:v1'],
    },
  ]
  await usage.refresh(signal)
  expect(uses(usage, 'theirs')).toBe(1)
})

test('S35: an index in use that is pushed during the run keeps its platforms from then on, though no use changes', async () => {
  const site = await startEvictionSite('3')
  onTestFinished(() => site.stop())
  const repository = 'shop/late'
  const image = multiPlatformImage({ seed: 'pushed late' })
  await createPod('late', `r.example/${repository}@${image.manifest.digest}`)
  const { usage: make, live } = await watched()
  let now = 0
  const clock: Clock = { ...systemClock, now: () => now, monotonic: () => now }
  const inventory = {
    key: 'ns/all',
    live: {
      barrier: async (ended: AbortSignal) => ({
        ...(await live.barrier(ended)),
        barrier: { wall: now, monotonic: now },
      }),
    },
  }
  const indexes = new UsedIndexes()
  const usage = make({
    ...{ clock, inventories: () => [inventory] },
    holders: (used, ended) =>
      indexes.holders({
        ...{ repositories: [repository], used: usedImages(used, NAMES), known: new Set<string>() },
        ...{ client: async () => site.client, concurrency: 8, clock, signal: ended },
      }),
  })
  const usesOfParts = () =>
    image.children.map(({ manifest: { digest } }) => usage.index.usesOf({ repository, digest }).length)
  await usage.refresh(signal)
  expect(usesOfParts()).toEqual([0, 0])
  site.storage.write(repository, image)
  const { index } = usage
  now = 59_999
  await usage.refresh(signal)
  expect(usage.index).toBe(index)
  now = 60_000
  await usage.refresh(signal)
  expect(usesOfParts()).toEqual([1, 1])
})
