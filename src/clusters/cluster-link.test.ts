import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ClusterAccess } from '#clusters/cluster-access.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { LiveInventory } from '#clusters/live-inventory.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import { KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { SYNC_GRACE_MS } from '#kube/liveness.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { kubeconfig } from '#test/harness/cluster/kubeconfig.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { clusterBy, inventoryConfig } from '#test/harness/live-inventory.ts'
import { hurriedClock, type ProxiedCluster, proxied, silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Clock, systemClock } from '#time/clock.ts'

interface Site {
  readonly cluster: TestCluster
  readonly identity: string
  /** Of the operator. */
  readonly kubeconfig: string
  /** The image of its only pod. */
  readonly image: string
}

const HOUR_MS = 3_600_000

const sites: Site[] = []
let east: Site
let west: Site
let live: LiveInventory
/** Moved by a test that lets the monotonic clock, or the wall clock, jump. */
let skew = 0
let wallSkew = 0
/** A cluster is asked every 1.5 s who it is. */
const clock: Clock = {
  ...hurriedClock,
  monotonic: () => systemClock.monotonic() + skew,
  now: () => systemClock.now() + wallSkew,
}

beforeAll(async () => {
  const started = await Promise.allSettled([startSite('east'), startSite('west')])
  for (const result of started) if (result.status === 'fulfilled') sites.push(result.value)
  const [first, second] = sites
  if (first === undefined || second === undefined) throw new Error('two clusters are needed')
  east = first
  west = second
})

afterEach(async () => {
  await live.stop()
  skew = 0
  wallSkew = 0
})

afterAll(async () => {
  await Promise.all(sites.map(({ cluster }) => cluster.stop()))
})

async function startSite(name: string): Promise<Site> {
  const cluster = await borrowCluster()
  const image = `registry.local/${name}:1`
  const metadata = { name, namespace: cluster.namespace }
  const spec = { containers: [{ name: 'main', image }] }
  await cluster.apply([{ apiVersion: 'v1', kind: 'Pod', metadata, spec }])
  const file = await cluster.operatorKubeconfig()
  const connection = await connect({ kubeconfig: file, clock: systemClock })
  const identity = await readClusterIdentity(new KubeClient(connection))
  await connection.close()
  return { cluster, identity, kubeconfig: await readFile(file, 'utf8'), image }
}

const by = (text: string): ClusterAccess => ({ kind: 'kubeconfig', text })
const edge = (site: Site, policy: Partial<ClusterPolicy> = {}) =>
  clusterBy('edge', by(site.kubeconfig), policy)

/** Watches with an empty memory, as after the first start. */
function watch(config: InventoryConfig): void {
  live = new LiveInventory({ config, memory: 'unloaded', clock, log: silentLog })
  live.inventory.load([], true, { wall: clock.now(), monotonic: clock.monotonic() })
  live.start()
}

const images = () => live.snapshot().images.map(({ image }) => image)
const remembered = () => live.snapshot().remembered.map(({ image, cluster }) => `${cluster} ${image}`)
const reasons = () => live.snapshot().distrusts.map(({ reason }) => reason)
const trusted = () => eventually(() => live.snapshot().trusted, { message: 'a trusted snapshot' })

describe('a cluster by kubeconfig', () => {
  it('is watched, and trusted once it has said who it is', async () => {
    watch(inventoryConfig([edge(east)]))
    await trusted()
    expect(images()).toEqual([east.image])
    expect(live.snapshot().clusters).toMatchObject([{ name: 'edge', identity: east.identity, pods: 1 }])
  })

  it('is the same cluster with other credentials', async () => {
    watch(inventoryConfig([edge(east)]))
    await trusted()
    const other = await readFile(await east.cluster.operatorKubeconfig(), 'utf8')
    expect(other).not.toBe(east.kubeconfig)
    live.configure(inventoryConfig([clusterBy('edge', by(other))]))
    expect(live.synced).toBe(false)
    // Whatever is not known now was in use a moment ago.
    expect(remembered()).toEqual([`edge ${east.image}`])
    await trusted()
    expect(images()).toEqual([east.image])
    expect(live.snapshot().frozen).toEqual([])
  })

  it('that is unusable is not synced and says why, without a secret', async () => {
    const runs = east.kubeconfig.replace(
      /token: .*/,
      'exec: {command: steal, apiVersion: client.authentication.k8s.io/v1}',
    )
    watch(inventoryConfig([clusterBy('edge', by(runs))]))
    await eventually(() => live.snapshot().notSynced[0]?.includes('"exec"'))
    expect(live.snapshot()).toMatchObject({ synced: false, trusted: false, images: [] })
  })

  it('that does not answer is not synced and says why', async () => {
    const nowhere = kubeconfig({ server: 'https://127.0.0.1:1', user: 'nobody', token: 'secret-token' })
    watch(inventoryConfig([clusterBy('edge', by(nowhere)), clusterBy('east', by(east.kubeconfig))]))
    await eventually(() => live.snapshot().clusters[1]?.synced)
    await eventually(() => live.snapshot().notSynced[0]?.includes('ECONNREFUSED'))
    expect(JSON.stringify(live.snapshot())).not.toContain('secret-token')
    expect(live.snapshot()).toMatchObject({ synced: false, clusters: [{ synced: false }, { synced: true }] })
    expect(images()).toEqual([east.image])
  })

  it('S05: that does not say who it is is synced and never trusted', async () => {
    const reader = { kind: 'ServiceAccount', name: 'reader', namespace: east.cluster.namespace }
    await east.cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: reader.name, namespace: reader.namespace },
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'lists-all' },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['list', 'watch'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'lists-all' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'lists-all' },
        subjects: [reader],
      },
    ])
    const { stdout } = await east.cluster.kubectl(['create', 'token', reader.name, '-n', reader.namespace])
    const { server, caPem } = east.cluster
    const text = kubeconfig({ server, caPem, user: reader.name, token: stdout.trim() })
    watch(inventoryConfig([clusterBy('edge', by(text))]))
    await live.whenSynced()
    const snapshot = await live.barrier(AbortSignal.timeout(20_000))
    expect(snapshot.distrusts).toMatchObject([{ reason: 'IdentityUnverified', cluster: 'edge' }])
    expect(snapshot.coveredMs).toBeUndefined()
  })
})

describe('waiting until nothing more is to be expected', () => {
  const nowhere = by(kubeconfig({ server: 'https://127.0.0.1:1', user: 'nobody', token: 'none' }))

  it('ends when every cluster that answers is synced, though one does not answer and one has no Secret', async () => {
    const none = clusterBy('none', { kind: 'none', problem: 'There is no Secret' })
    watch(inventoryConfig([edge(east), clusterBy('gone', nowhere), none]))
    await live.whenSettled()
    expect(live.snapshot().clusters.map(({ name, synced }) => [name, synced])).toEqual([
      ['edge', true],
      ['gone', false],
      ['none', false],
    ])
  })

  it('ends with who waits for it', async () => {
    watch(inventoryConfig([edge(east)]))
    await expect(live.whenSettled(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('S05: a Secret that is rotated to another cluster', () => {
  it('is not watched, and what the one before used stays in use until a human lets it go', async () => {
    watch(inventoryConfig([edge(east)]))
    await trusted()
    live.configure(inventoryConfig([edge(west)]))
    await eventually(() => reasons().includes('IdentityChanged'))
    const snapshot = live.snapshot()
    expect(snapshot).toMatchObject({ synced: false, trusted: false, images: [], pods: 0 })
    expect(snapshot.notSynced[0]).toContain(`it was ${east.identity} and is ${west.identity} now`)
    expect(snapshot.frozen).toMatchObject([{ name: 'edge', identity: east.identity, images: 1 }])
    expect(remembered()).toEqual([`edge ${east.image}`])
    await expect(live.barrier(AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: 'BARRIER_NOT_REACHED',
    })

    live.configure(inventoryConfig([edge(west, { identity: west.identity })]))
    await trusted()
    expect(images()).toEqual([west.image])
    const old = `edge@${east.identity.slice(0, 8)}`
    expect(live.snapshot().frozen).toMatchObject([{ name: old, identity: east.identity }])
    await eventually(() => remembered().includes(`edge ${west.image}`))
    expect(remembered()).toContain(`${old} ${east.image}`)

    live.configure(inventoryConfig([edge(west, { identity: west.identity })], { release: [east.identity] }))
    await eventually(() => remembered().join() === `edge ${west.image}`)
    expect(live.snapshot().frozen).toEqual([])
  })

  it('and back is the one that it was', async () => {
    watch(inventoryConfig([edge(east)]))
    await trusted()
    live.configure(inventoryConfig([edge(west)]))
    await eventually(() => reasons().includes('IdentityChanged'))
    live.configure(inventoryConfig([edge(east)]))
    await trusted()
    expect(live.snapshot()).toMatchObject({ frozen: [], clusters: [{ identity: east.identity }] })
    expect(images()).toEqual([east.image])
  })
})

describe('S05: another cluster at the same address', () => {
  let world: ProxiedCluster
  let connection: ClusterConnection
  beforeAll(async () => {
    world = await proxied(east.cluster)
    connection = world.operator
  })
  afterAll(async () => {
    await world?.close()
  })
  afterEach(() => world.proxy.clear())

  const rebuilt = {
    kind: 'status',
    status: 200,
    body: { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'kube-system', uid: 'rebuilt' } },
  } as const
  const asked = { path: '/api/v1/namespaces/kube-system' }

  it('is found out when it is asked next, and by a barrier at once', async () => {
    watch(inventoryConfig([clusterBy('edge', { kind: 'connection', connection })]))
    await trusted()
    world.proxy.rule(rebuilt, asked)
    await expect(live.barrier(AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: 'BARRIER_NOT_REACHED',
    })
    await eventually(() => reasons().includes('IdentityChanged'))
    expect(live.snapshot()).toMatchObject({
      synced: false,
      images: [],
      frozen: [{ identity: east.identity }],
    })
    world.proxy.clear()
    await trusted()
    expect(live.snapshot()).toMatchObject({ frozen: [] })
  })

  it('S03, S44: who waits for a barrier of a watch that ends is told that it is not reached, and not to stop', async () => {
    watch(inventoryConfig([clusterBy('edge', { kind: 'connection', connection })]))
    await trusted()
    const question = world.proxy.hold({ path: '/api/v1/pods', query: /limit=1(&|$)/ })
    const waiting = live.barrier(AbortSignal.timeout(60_000))
    await question.arrived
    live.configure(inventoryConfig([]))
    await expect(waiting).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
    question.release()
  })

  it('is found out without a barrier', async () => {
    watch(inventoryConfig([clusterBy('edge', { kind: 'connection', connection })]))
    await trusted()
    world.proxy.rule(rebuilt, asked)
    await eventually(() => reasons().includes('IdentityChanged'))
    expect(images()).toEqual([])
    expect(remembered()).toEqual([`edge ${east.image}`])
  })
})

describe('S02: a clock of ours that is set to another time', () => {
  it('is noticed, and lets no finished pod go', async () => {
    const { namespace } = west.cluster
    const image = 'registry.local/finished:1'
    const spec = { containers: [{ name: 'main', image }] }
    await west.cluster.apply([
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'finished', namespace }, spec },
    ])
    const terminated = { exitCode: 0, finishedAt: new Date(systemClock.now() - HOUR_MS).toISOString() }
    const container = {
      name: 'main',
      image,
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated },
    }
    const patch = JSON.stringify({ status: { phase: 'Succeeded', containerStatuses: [container] } })
    const where = ['-n', namespace, '--subresource=status', '--type=merge']
    await west.cluster.kubectl(['patch', 'pod', 'finished', ...where, '-p', patch])

    watch(inventoryConfig([edge(west)]))
    await trusted()
    const isFinished = () => live.snapshot().images.some((use) => use.image === image && use.finishedOnly)
    await eventually(isFinished)
    wallSkew = 40 * 24 * HOUR_MS
    await eventually(() => reasons().includes('ClockSkew'))
    const looked = new Promise<void>((resolve) => live.onChange(resolve))
    // It is looked for finished pods every ten minutes.
    skew = 11 * 60_000
    await looked
    expect(isFinished()).toBe(true)
    wallSkew = 0
    await eventually(() => !reasons().includes('ClockSkew'))
    await west.cluster.kubectl(['delete', 'pod', 'finished', '-n', namespace, '--grace-period=0', '--force'])
  })
})

describe('S05: two entries for one cluster', () => {
  it('block, as another cluster may be watched by none, until a human says that it is so', async () => {
    const clusters = [clusterBy('main', by(east.kubeconfig)), clusterBy('again', by(east.kubeconfig))]
    watch(inventoryConfig(clusters))
    await eventually(() => reasons().includes('DuplicateCluster'))
    await eventually(() => live.snapshot().clusters[1]?.identity === east.identity)
    expect(live.snapshot().clusters[1]?.notSynced).toMatch(/^It is the same cluster as main /)
    await eventually(() => live.snapshot().clusters[0]?.synced)
    expect(live.snapshot()).toMatchObject({ synced: false, pods: 1 })

    live.configure(
      inventoryConfig([
        clusterBy('main', by(east.kubeconfig)),
        clusterBy('again', by(east.kubeconfig), { duplicateAcknowledged: true }),
      ]),
    )
    await trusted()
    expect(live.snapshot()).toMatchObject({ pods: 1, clusters: [{}, { sameAs: 'main', pods: 0 }] })
    expect((await live.barrier(AbortSignal.timeout(20_000))).trusted).toBe(true)
  })
})

describe('a cluster that is not required', () => {
  it('blocks nothing when it is away, and what it used last stays in use', async () => {
    const [home, far] = await Promise.all([proxied(east.cluster), proxied(west.cluster)])
    try {
      const over = ({ operator }: ProxiedCluster): ClusterAccess => ({
        kind: 'connection',
        connection: operator,
      })
      watch(
        inventoryConfig([clusterBy('home', over(home)), clusterBy('far', over(far), { required: false })]),
      )
      await eventually(() => live.snapshot().clusters.every(({ synced }) => synced))
      await trusted()
      await eventually(() => remembered().includes(`far ${west.image}`))
      far.proxy.stopListening()
      await far.proxy.cutConnections()
      skew = SYNC_GRACE_MS + 1
      await home.proxy.cutConnections()
      await eventually(() => live.snapshot().clusters[1]?.synced === false)
      await trusted()
      expect(images()).toContain(west.image)
      expect(remembered()).toContain(`far ${west.image}`)
      expect((await live.barrier(AbortSignal.timeout(20_000))).trusted).toBe(true)
    } finally {
      await Promise.all([home.close(), far.close()])
    }
  })

  it('that is not reached at all says why', async () => {
    const none: ClusterAccess = { kind: 'none', problem: 'Secret tallyman/far does not exist' }
    watch(inventoryConfig([edge(east), clusterBy('far', none, { required: false })]))
    await trusted()
    expect(live.snapshot().clusters[1]).toMatchObject({ synced: false, notSynced: none.problem })
    live.configure(inventoryConfig([edge(east), clusterBy('far', none)]))
    expect(live.snapshot()).toMatchObject({ synced: false, notSynced: [`far: ${none.problem}`] })
  })
})

describe('S05: a cluster that leaves the inventory', () => {
  it('is frozen, and watched again where it comes back under any name', async () => {
    watch(inventoryConfig([edge(east), clusterBy('west', by(west.kubeconfig))]))
    await trusted()
    expect(images()).toEqual([east.image, west.image])
    live.configure(inventoryConfig([edge(east)]))
    expect(images()).toEqual([east.image])
    expect(live.snapshot().frozen).toMatchObject([{ name: 'west', identity: west.identity }])
    expect(remembered()).toContain(`west ${west.image}`)
    live.configure(inventoryConfig([edge(east), clusterBy('renamed', by(west.kubeconfig))]))
    await trusted()
    expect(live.snapshot()).toMatchObject({ frozen: [], clusters: [{}, { name: 'renamed', images: 1 }] })
    expect(remembered()).toContain(`renamed ${west.image}`)
  })

  it('is not let go by an old word while it has not said yet who it is', async () => {
    watch(inventoryConfig([edge(east)]))
    await trusted()
    await eventually(() => remembered().length > 0)
    const { memories } = live.inventory
    await live.stop()
    const config = inventoryConfig([edge(east)], { release: [east.identity] })
    live = new LiveInventory({ config, memory: 'unloaded', clock, log: silentLog })
    live.inventory.load(memories, true, { wall: clock.now(), monotonic: clock.monotonic() })
    expect(remembered()).toEqual([`edge ${east.image}`])
    expect(live.snapshot().frozen).toEqual([])
    live.start()
    await trusted()
    expect(remembered()).toEqual([`edge ${east.image}`])
  })
})
