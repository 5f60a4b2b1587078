import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { LiveInventory } from '#clusters/live-inventory.ts'
import { whoUses } from '#inventory/who-uses.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { SYNC_GRACE_MS } from '#kube/liveness.ts'
import type { KubeObject } from '#kube/objects.ts'
import { NODES, PODS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { hurriedClock, silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Clock, systemClock } from '#time/clock.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

let cluster: TestCluster
let admin: ClusterConnection
let operator: ClusterConnection
let client: KubeClient
let live: LiveInventory
let created = 0
/** Moved by a test that lets the monotonic clock jump. */
let skew = 0
const clock: Clock = { ...hurriedClock, monotonic: () => systemClock.monotonic() + skew }

beforeAll(async () => {
  cluster = await startCluster({ controllers: false })
  admin = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  operator = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  client = new KubeClient(admin)
})

afterAll(async () => {
  await Promise.all([admin?.close(), operator?.close()])
  await cluster?.stop()
})

beforeEach(async () => {
  skew = 0
  live = idle(inventoryConfig([clusterOver('here', operator)]))
  live.start()
  await live.whenSynced()
})

afterEach(async () => {
  await live.stop()
})

function idle(config: InventoryConfig): LiveInventory {
  return new LiveInventory({ config, memory: 'none', clock, log: silentLog })
}

async function createPod(spec: object, metadata: object = {}): Promise<string> {
  const name = `pod-${++created}`
  const pod: KubeObject & { spec: object } = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: cluster.namespace, ...metadata },
    spec,
  }
  await client.create(PODS, pod)
  return name
}

async function deletePod(name: string): Promise<void> {
  await cluster.kubectl(['delete', 'pod', name, '-n', cluster.namespace, '--grace-period=0', '--force'])
}

const runs = (image: string, more: object = {}) => ({ containers: [{ name: 'main', image, ...more }] })
/** `cluster/namespace/kind/name: pods` of each workload. */
const usersOf = (image: string) =>
  whoUses(live.inventory.clusters, { images: [image] }, 5).flatMap(({ cluster: name, workloads }) =>
    workloads.map(
      ({ namespace, kind, name: workload, pods }) =>
        `${name}/${namespace}/${kind}/${workload}: ${pods.map((pod) => pod.name)}`,
    ),
  )
const useOf = (image: string) => live.snapshot().images.find((use) => use.image === image)

describe('images', () => {
  it('come with a pod and go with it', async () => {
    const name = await createPod(runs('registry.local/come-and-go:1'))
    const use = await eventually(() => useOf('registry.local/come-and-go:1'))
    expect(use).toMatchObject({
      reference: { host: 'registry.local', repository: 'come-and-go', tag: '1' },
      pods: 1,
      users: [{ cluster: 'here', namespace: cluster.namespace, kind: 'Pod', name }],
      namespaces: [cluster.namespace],
      runningDigests: [],
    })
    expect(live.has('registry.local/come-and-go:1')).toBe(true)
    expect(usersOf('registry.local/come-and-go:1')).toEqual([
      `here/${cluster.namespace}/Pod/${name}: ${name}`,
    ])
    await deletePod(name)
    await eventually(() => useOf('registry.local/come-and-go:1') === undefined)
    expect(live.has('registry.local/come-and-go:1')).toBe(false)
  })

  it('are those of containers, init containers and image volumes, legal references or not', async () => {
    await createPod({
      containers: [{ name: 'main', image: 'registry.local/main:1' }],
      initContainers: [{ name: 'init', image: 'registry.local/Not/Legal' }],
      volumes: [{ name: 'model', image: { reference: 'registry.local/model:1' } }],
    })
    await eventually(() => useOf('registry.local/main:1'))
    expect(useOf('registry.local/model:1')).toMatchObject({ pods: 1 })
    expect(useOf('registry.local/Not/Legal')).toMatchObject({ pods: 1, reference: undefined })
  })

  it('name the workload that people know', async () => {
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'shop-7d4b9c8f6d',
      uid: '0a0a0a0a-0000-4000-8000-000000000000',
      controller: true,
    }
    await createPod(runs('registry.local/owned:1'), { ownerReferences: [owner] })
    const use = await eventually(() => useOf('registry.local/owned:1'))
    expect(use.users).toMatchObject([{ kind: 'Deployment', name: 'shop' }])
  })

  it('tell what runs, and what cannot be pulled (S24)', async () => {
    const secret = { imagePullSecrets: [{ name: 'pull' }] }
    const name = await createPod({
      ...runs('registry.local/status:1', { imagePullPolicy: 'Never' }),
      ...secret,
    })
    const use = await eventually(() => useOf('registry.local/status:1'))
    expect(use).toMatchObject({ neverPulled: true, withPullSecret: true, pullFailures: 0 })

    const report = async (status: object) => {
      const containerStatus = {
        name: 'main',
        image: 'registry.local/status:1',
        ready: false,
        restartCount: 0,
        ...status,
      }
      const key = { namespace: cluster.namespace, name }
      const patch = { status: { containerStatuses: [containerStatus] } }
      await client.patch(PODS, key, patch, { type: 'merge', subresource: 'status' })
    }
    await report({ imageID: '', state: { waiting: { reason: 'ErrImagePull' } } })
    await eventually(() => useOf('registry.local/status:1')?.pullFailures === 1)
    await report({ imageID: `registry.local/status@${DIGEST}`, state: { running: {} } })
    await eventually(() => useOf('registry.local/status:1')?.runningDigests[0] === DIGEST)
    expect(useOf('registry.local/status:1')).toMatchObject({ pullFailures: 0, runningConfigs: [] })
  })
})

describe('a snapshot', () => {
  it('is one and the same object until something changes, and never changes itself', async () => {
    const before = live.snapshot()
    expect(live.snapshot()).toBe(before)
    const images = structuredClone(before.images)
    await createPod(runs('registry.local/next:1'))
    const after = await eventually(() => {
      const snapshot = live.snapshot()
      return snapshot.images.length > images.length && snapshot
    })
    expect(after.version).toBeGreaterThan(before.version)
    expect(after.pods).toBe(before.pods + 1)
    expect(before.images).toEqual(images)
  })

  it('has the platforms of all nodes', async () => {
    const nodeInfo = { operatingSystem: 'linux', architecture: 'riscv64' }
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'tallyman-test-node' },
      status: { nodeInfo },
    }
    await client.create(NODES, node)
    const riscv = () => live.snapshot().platforms.some(({ architecture }) => architecture === 'riscv64')
    await eventually(riscv)
    await client.delete(NODES, { name: 'tallyman-test-node' })
    await eventually(() => !riscv())
  })

  it('announces changes, and no longer to who unsubscribed', async () => {
    // The sync of this inventory is announced as well: only a call that finds the image counts.
    let heard = false
    let overheard = 0
    live.onChange(() => {
      heard ||= live.has('registry.local/heard:1')
    })
    const unsubscribe = live.onChange(() => {
      overheard += 1
    })
    unsubscribe()
    await createPod(runs('registry.local/heard:1'))
    await eventually(() => heard)
    expect(overheard).toBe(0)
  })
})

describe('an API server that goes away', () => {
  it('and comes back costs no image, also of pods that changed before the watch was there again', async () => {
    const gone = await createPod(runs('registry.local/before:1'))
    const stays = await createPod(runs('registry.local/stays:1'))
    await eventually(() => live.has('registry.local/stays:1'))
    await cluster.stopApiServer()
    expect(live.snapshot()).toMatchObject({ synced: true })
    expect(live.has('registry.local/before:1')).toBe(true)
    await cluster.startApiServer()
    const comes = await createPod(runs('registry.local/comes:1'))
    await deletePod(gone)
    await eventually(() => live.has('registry.local/comes:1') && !live.has('registry.local/before:1'))
    expect(usersOf('registry.local/stays:1')).toEqual([`here/${cluster.namespace}/Pod/${stays}: ${stays}`])
    expect(usersOf('registry.local/comes:1')).toEqual([`here/${cluster.namespace}/Pod/${comes}: ${comes}`])
    const { stdout } = await cluster.kubectl(['get', 'pods', '-A', '-o', 'name'])
    expect(live.snapshot().pods).toBe(stdout.trim().split('\n').length)
  })

  it('for longer than the grace makes the inventory not synced, until it is back (S03)', async () => {
    await createPod(runs('registry.local/kept:1'))
    await eventually(() => live.has('registry.local/kept:1'))
    const before = live.snapshot()
    await cluster.stopApiServer()
    try {
      expect(live.synced).toBe(true)
      const heard = new Promise<void>((resolve) => {
        live.onChange(() => !live.synced && resolve())
      })
      skew = SYNC_GRACE_MS + 1
      await heard
      const stale = live.snapshot()
      expect(stale).toMatchObject({ synced: false, images: before.images })
      const [view] = stale.clusters
      expect(view).toMatchObject({ name: 'here', synced: false, pods: before.pods })
      expect(view?.notSynced).toMatch(/^pods: .+; nodes: .+; deployments: .+/)
      expect(stale.notSynced).toEqual([`here: ${view?.notSynced}`])
    } finally {
      await cluster.startApiServer()
    }
    await live.whenSynced()
    expect(live.snapshot()).toMatchObject({ synced: true, notSynced: [] })
    expect(live.snapshot().clusters[0]?.notSynced).toBeUndefined()
  })
})

describe('an inventory that does not watch', () => {
  it('is not synced before it has listed, and says so', () => {
    const snapshot = idle(inventoryConfig([clusterOver('here', operator)])).snapshot()
    expect(snapshot).toMatchObject({ synced: false, pods: 0, images: [] })
    expect(snapshot.notSynced).toEqual(['here: not connected yet'])
  })

  it('is not synced without a cluster', async () => {
    const empty = idle(inventoryConfig([]))
    expect(empty.snapshot().synced).toBe(false)
    expect(empty.synced).toBe(false)
    await expect(empty.barrier(AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'BARRIER_NOT_REACHED',
    })
  })

  it('is not synced after stop, keeps what it held, and tells nobody', async () => {
    const { pods } = live.snapshot()
    await live.stop()
    let heard = 0
    live.onChange(() => {
      heard += 1
    })
    expect(live.snapshot()).toMatchObject({ synced: false, pods })
    expect(live.snapshot().notSynced[0]).toMatch(
      /^here: pods: no longer watched; nodes: no longer watched; deployments: no longer watched; /,
    )
    await expect(live.whenSynced()).rejects.toMatchObject({ code: 'CANCELLED' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toBe(0)
  })
})
