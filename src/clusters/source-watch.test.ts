import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { LiveInventory } from '#clusters/live-inventory.ts'
import { DEFAULT_SOURCES, type SourcesConfig } from '#clusters/sources-config.ts'
import { compileImageRules } from '#inventory/image-rules.ts'
import { SYNC_GRACE_MS } from '#kube/liveness.ts'
import { PODS } from '#kube/resource.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { expired } from '#test/harness/fault-proxy.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { hurriedClock, type ProxiedCluster, proxied, silentLog } from '#test/harness/reflected.ts'
import { MAY_READ_ROLLOUTS, ROLLOUT, ROLLOUT_CRD } from '#test/harness/rollout-crd.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Clock, systemClock } from '#time/clock.ts'

let cluster: TestCluster
let world: ProxiedCluster
let live: LiveInventory
let created = 0
/** Moved by a test that lets the monotonic clock jump. */
let skew = 0
/** Access is reviewed every 1.5 s, and a kind that is not installed looked for every 0.75 s. */
const clock: Clock = { ...hurriedClock, monotonic: () => systemClock.monotonic() + skew }

const WATCH = { query: /watch=true.*timeoutSeconds=\d{3}/ }

beforeAll(async () => {
  cluster = await borrowCluster()
  world = await proxied(cluster)
})

afterEach(async () => {
  world.proxy.clear()
  await live.stop()
  skew = 0
})

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

async function watch(sources: SourcesConfig = DEFAULT_SOURCES): Promise<void> {
  live = new LiveInventory({ config: configOf(sources), memory: 'none', clock, log: silentLog })
  live.start()
}

function configOf(sources: SourcesConfig): InventoryConfig {
  return inventoryConfig([clusterOver('here', world.operator)], { sources })
}

async function createPod(image: string): Promise<void> {
  const metadata = { name: `pod-${++created}`, namespace: cluster.namespace }
  const spec = { containers: [{ name: 'main', image }] }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  await world.client.create(PODS, pod)
}

const source = (name: string) => live.snapshot().clusters[0]?.sources.find((view) => view.name === name)
const uses = (image: string) => live.snapshot().images.some((use) => use.image === image)

describe('S05: a right that is taken away while the operator runs', () => {
  const binding = 'tallyman-operator'

  it('is noticed although the watches go on, and given back it heals', async () => {
    await watch()
    await live.whenSynced()
    const { stdout } = await cluster.kubectl(['get', 'clusterrolebinding', binding, '-o', 'yaml'])
    await cluster.kubectl(['delete', 'clusterrolebinding', binding])
    try {
      const forbidden = await eventually(() => {
        const view = source('deployments')
        return view?.state === 'forbidden' && view
      })
      expect(forbidden.message).toMatch(
        /^the operator may not list and watch deployments in all namespaces; /,
      )
      expect(live.snapshot()).toMatchObject({ synced: false, trusted: false })
      await expect(live.barrier(AbortSignal.timeout(20_000))).rejects.toMatchObject({
        code: 'KUBE_FORBIDDEN',
      })
    } finally {
      await cluster.apply(stdout.replace(/^ {2}(resourceVersion|uid):.*\n/gm, ''))
    }
    await live.whenSynced()
    expect(source('deployments')?.message).toBeUndefined()
  })
})

describe('S07, S28: a kind that is not installed', () => {
  const sources = (blocks: boolean): SourcesConfig => ({
    ...DEFAULT_SOURCES,
    custom: [{ ...ROLLOUT, blocks, rules: compileImageRules([{ path: 'spec.image' }]) }],
  })
  const NAME = `rollout.${ROLLOUT.group}`

  it('is stated, and blocks nothing where only a report is asked for', async () => {
    await watch(sources(false))
    await live.whenSynced()
    await eventually(() => source(NAME)?.state === 'not-installed')
    expect(source(NAME)?.message).toBe('the cluster has no Rollout in argoproj.io/v1alpha1')
    expect((await live.barrier(AbortSignal.timeout(20_000))).synced).toBe(true)
  })

  it('blocks by default, until it is installed and may be read', async () => {
    await watch(sources(true))
    const only = `here: ${NAME}: the cluster has no Rollout in argoproj.io/v1alpha1`
    await eventually(() => live.snapshot().notSynced.join() === only)
    await expect(live.barrier(AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: 'BARRIER_NOT_REACHED',
    })
    await cluster.apply([ROLLOUT_CRD])
    await eventually(() => source(NAME)?.state === 'forbidden')
    await cluster.apply([
      // No controller of this cluster fills in what the role aggregates.
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'reads-rollouts' },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: MAY_READ_ROLLOUTS.metadata.name,
        },
        subjects: [{ kind: 'ServiceAccount', name: 'tallyman', namespace: 'tallyman-system' }],
      },
      MAY_READ_ROLLOUTS,
    ])
    await live.whenSynced()
    const metadata = { name: 'shop', namespace: cluster.namespace }
    const apiVersion = `${ROLLOUT.group}/${ROLLOUT.version}`
    await cluster.apply([
      { apiVersion, kind: ROLLOUT.kind, metadata, spec: { image: 'registry.local/rollout:1' } },
    ])
    await eventually(() => uses('registry.local/rollout:1'))
    expect((await live.barrier(AbortSignal.timeout(20_000))).synced).toBe(true)
  })
})

describe('watches that break', () => {
  it('cost no image: they are resumed, or listed again where their version has expired', async () => {
    await watch()
    await live.whenSynced()
    await createPod('registry.local/before:1')
    await eventually(() => uses('registry.local/before:1'))
    world.proxy.rule({ ...expired, times: 20 }, WATCH)
    for (const exchange of world.proxy.exchanges(WATCH)) exchange.cut({ reset: true })
    await createPod('registry.local/meanwhile:1')
    await eventually(() => {
      expect(uses('registry.local/before:1')).toBe(true)
      return uses('registry.local/meanwhile:1')
    })
    expect(live.snapshot()).toMatchObject({ synced: true })
    await eventually(() => live.snapshot().trusted, { message: 'the cluster to say who it is' })
  })

  it('S05: are not trusted until the cluster has said again who it is', async () => {
    await watch()
    await live.whenSynced()
    await eventually(() => live.snapshot().trusted)
    const asked = { path: '/api/v1/namespaces/kube-system' }
    world.proxy.rule({ kind: 'status', status: 503 }, asked)
    for (const exchange of world.proxy.exchanges(WATCH)) exchange.cut()
    await eventually(() => live.snapshot().distrusts.some(({ reason }) => reason === 'IdentityUnverified'))
    await expect(live.barrier(AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: 'KUBE_SERVER_ERROR',
    })
    expect(live.synced).toBe(true)
    world.proxy.clear()
    await eventually(() => live.snapshot().trusted)
  })
})

describe('S03: a barrier', () => {
  it('gives a snapshot with everything that was created before it was asked for', async () => {
    await watch()
    await live.whenSynced()
    for (let round = 0; round < 3; round += 1) {
      const image = `registry.local/barrier:${round}`
      await createPod(image)
      const before = clock.monotonic()
      const snapshot = await live.barrier(AbortSignal.timeout(20_000))
      expect(snapshot).toMatchObject({ synced: true, trusted: true })
      expect(snapshot.barrier?.monotonic).toBeGreaterThanOrEqual(before)
      expect(snapshot.images.map((use) => use.image)).toContain(image)
    }
  })

  it('is reached on its own as soon as the cluster is synced', async () => {
    await watch()
    await live.whenSynced()
    await eventually(() => live.snapshot().barrier)
  })

  it('is not reached while a watch is half-open, though the list still counts as synced', async () => {
    await watch()
    await live.whenSynced()
    for (const exchange of world.proxy.exchanges({ ...WATCH, path: '/api/v1/pods' })) exchange.freeze()
    await createPod('registry.local/unseen:1')
    expect(live.synced).toBe(true)
    await expect(live.barrier(AbortSignal.timeout(20_000), 2_000)).rejects.toMatchObject({
      code: 'BARRIER_NOT_REACHED',
    })
    expect(uses('registry.local/unseen:1')).toBe(false)
    skew = SYNC_GRACE_MS + 1
    expect(live.synced).toBe(false)
  })

  it('is given up with its caller', async () => {
    await watch()
    await live.whenSynced()
    const stop = new AbortController()
    const given = live.barrier(stop.signal)
    stop.abort()
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
