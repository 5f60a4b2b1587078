import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type BarrierOptions, barrier } from '#kube/barrier.ts'
import { jsonCodec } from '#kube/json-codec.ts'
import { projectMeta } from '#kube/meta-projection.ts'
import { Reflector } from '#kube/reflector.ts'
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  NODES,
  PODS,
  type Resource,
  resourcePath,
  SECRETS,
} from '#kube/resource.ts'
import { lastChange, newest } from '#kube/version-probe.ts'
import type { WatchScope } from '#kube/watch-stream.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import type { OpenExchange } from '#test/harness/fault-proxy.ts'
import {
  actual,
  hurriedClock,
  type ProxiedCluster,
  proxied,
  RecordingSink,
  silentLog,
} from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

/** The reflector's own watch, and the short one of a probe. */
const MAIN_WATCH = { query: /watch=true.*timeoutSeconds=\d{3}/ }
const PROBE = { query: /watch=true.*timeoutSeconds=3(&|$)/ }

const WIDGETS: Resource = {
  group: 'test.tallyman.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

const WIDGETS_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.tallyman.dev' },
  spec: {
    group: WIDGETS.group,
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}
const MAY_READ_ALL = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'tallyman-test-reads-all' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name: 'tallyman', namespace: 'tallyman-system' }],
}

let cluster: TestCluster
let world: ProxiedCluster
let sink: RecordingSink
let reflector: Reflector<{ uid: string; resourceVersion: string }> | undefined
let created = 0

beforeAll(async () => {
  cluster = await borrowCluster()
  world = await proxied(cluster)
  await cluster.apply([WIDGETS_CRD, MAY_READ_ALL])
})

afterEach(async () => {
  world.proxy.clear()
  await reflector?.stop()
  reflector = undefined
})

afterAll(async () => {
  await world?.close()
  await cluster?.stop()
})

/** A synced reflector, and barriers of it. */
async function watching(scope: WatchScope) {
  const connection = world.operator
  sink = new RecordingSink()
  const started = new Reflector({
    ...{ connection, ...scope, sink, log: silentLog, clock: hurriedClock },
    codec: jsonCodec((raw) => projectMeta(Object(raw).metadata)),
  })
  started.start()
  reflector = started
  await started.whenSynced()
  const reach = (options: Partial<BarrierOptions> = {}) => {
    const signal = new AbortController().signal
    return barrier({
      ...{ connection, ...scope, reflector: started, clock: systemClock, timeoutMs: 20_000, signal },
      ...options,
    })
  }
  return { reflector: started, reach }
}

async function create(resource: Resource, extra: object = {}): Promise<string> {
  created += 1
  const { metadata } = await world.client.create<{ metadata: { uid: string } }>(resource, {
    apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: {
      name: `object-${created}`,
      ...(resource.namespaced ? { namespace: cluster.namespace } : {}),
      labels: { app: 'x', owner: 'helm' },
    },
    ...extra,
  })
  return metadata.uid
}

/** The request by which the reflector watches now. */
function mainWatch(): OpenExchange {
  const [open, ...others] = world.proxy.exchanges(MAIN_WATCH)
  if (open === undefined || others.length > 0) throw new Error('there is not exactly one watch')
  return open
}

const POD_SPEC = { containers: [{ name: 'c', image: 'registry.local/a:1' }] }
const createPod = () => create(PODS, { spec: POD_SPEC })

function probe() {
  const { signal } = new AbortController()
  return { resource: PODS, connection: world.operator, clock: systemClock, signal }
}

/** Writes that a watch of another resource hears nothing of. */
async function moveOn(): Promise<void> {
  for (let count = 0; count < 3; count += 1) await create(CONFIG_MAPS)
}

const WORKLOAD_SPEC = {
  selector: { matchLabels: { app: 'x' } },
  template: { metadata: { labels: { app: 'x' } }, spec: POD_SPEC },
}
const HELM = { labelSelector: 'owner=helm' }

describe('a barrier', () => {
  it.each([
    ['pods', PODS, {}, { spec: POD_SPEC }],
    ['workloads', DEPLOYMENTS, {}, { spec: WORKLOAD_SPEC }],
    ['nodes', NODES, {}, {}],
    ['custom resources', WIDGETS, {}, {}],
    ['Secrets behind a selector', SECRETS, HELM, {}],
  ] as const)(
    'S03: of %s is reached soon though nothing happens',
    async (_what, resource, selector, extra) => {
      const namespace = resource === SECRETS ? cluster.namespace : undefined
      const { reach } = await watching({ resource, namespace, ...selector })
      const uid = await create(resource, extra)
      await eventually(() => sink.items.has(uid))
      // Without the bookmarks that a new watch gets.
      mainWatch().freeze()
      await moveOn()
      const probes = world.proxy.counter(PROBE)
      const before = Date.now()
      const time = await reach({ timeoutMs: 4_500 })
      expect(time).toBeGreaterThanOrEqual(before)
      expect(time).toBeLessThanOrEqual(Date.now())
      expect(probes.count).toBeGreaterThan(0)
      await moveOn()
      await reach({ timeoutMs: 4_500 })
    },
  )

  it('S03: is reached as soon as the last change before it is applied', async () => {
    const { reach } = await watching({ resource: PODS })
    const watch = mainWatch()
    watch.freeze()
    const uid = await createPod()
    await moveOn()
    const probes = world.proxy.counter(PROBE)
    const reached = reach()
    await eventually(() => probes.count === 1 && world.proxy.exchanges(PROBE).length === 0)
    expect(sink.items.has(uid)).toBe(false)
    watch.thaw()
    await reached
    expect([sink.items.has(uid), probes.count]).toEqual([true, 1])
  })

  it('S03: holds everything that was created before it, while more is created', async () => {
    const { reach } = await watching({ resource: PODS })
    let isOver = false
    const others = (async () => {
      while (!isOver) await createPod()
    })()
    for (let round = 0; round < 20; round += 1) {
      const uid = await createPod()
      const before = Date.now()
      expect(await reach()).toBeGreaterThanOrEqual(before)
      expect(sink.items.has(uid)).toBe(true)
    }
    isOver = true
    await others
  })

  it('S03: is not reached on a watch that went half-open, and is again once that has recovered', async () => {
    const { reach, reflector: started } = await watching({ resource: PODS })
    const watch = mainWatch()
    watch.freeze()
    // As long as nothing happens nothing is missed.
    await moveOn()
    await reach()
    const uid = await createPod()
    await expect(reach({ timeoutMs: 2_500 })).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
    expect([started.synced, sink.items.has(uid)]).toEqual([true, false])
    const waiting = reach()
    watch.cut()
    await waiting
    expect(sink.items.has(uid)).toBe(true)
  })

  it('S03: is not reached where every watch is half-open, whatever the list says', async () => {
    const { reach } = await watching({ resource: PODS })
    mainWatch().freeze()
    await moveOn()
    world.proxy.rule({ kind: 'halfOpen', at: 'body', after: 0 }, PROBE)
    await expect(reach({ timeoutMs: 2_500 })).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
  })

  it('S03: waits for the watch itself where no probe helps, and says why it gave up', async () => {
    const { reach } = await watching({ resource: PODS })
    const watch = mainWatch()
    watch.freeze()
    await moveOn()
    world.proxy.rule({ kind: 'status', status: 410 }, PROBE)
    await expect(reach({ timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'BARRIER_NOT_REACHED',
      cause: { code: 'KUBE_EXPIRED' },
    })
    const probes = world.proxy.counter(PROBE)
    const waiting = reach()
    await eventually(() => probes.count >= 2)
    await createPod()
    watch.thaw()
    await waiting
  })

  it('asks again where a probe ended before it saw enough', async () => {
    const { reach } = await watching({ resource: PODS })
    mainWatch().freeze()
    await moveOn()
    world.proxy.rule({ kind: 'truncate', after: 0, length: 'shortened', times: 1 }, PROBE)
    const lists = world.proxy.counter({ query: /limit=1/ })
    const probes = world.proxy.counter(PROBE)
    await reach()
    expect([lists.count, probes.count]).toEqual([2, 2])
  })

  it('S03: has seen enough with a change at the version, not with a bookmark before it', async () => {
    const { resourceVersion: from } = await newest(probe())
    await createPod()
    const versions = await actual(world.admin, PODS)
    const to = String([...versions.values()].map(Number).reduce((a, b) => Math.max(a, b)))
    expect(await lastChange(probe(), from, to)).toBe(to)
    const bookmark = `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${from}"}}}\n`
    world.proxy.rule({ kind: 'inject', after: 0, bytes: bookmark, end: true }, PROBE)
    expect(await lastChange(probe(), from, to)).toBeUndefined()
  })

  it('does not read through all that a watch is behind', async () => {
    const { resourceVersion: from } = await newest(probe())
    await moveOn()
    const { resourceVersion: to } = await newest(probe())
    const change = `{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"${from}"}}}\n`
    const undo = world.proxy.rule({ kind: 'inject', after: 0, bytes: change.repeat(1_000) }, PROBE)
    expect(await lastChange(probe(), from, to)).toBeUndefined()
    undo()
    expect(await lastChange(probe(), from, to)).toBe(from)
  })

  it('S27: is refused where the history of the cluster went back, and the reflector lists anew', async () => {
    const metadata = { resourceVersion: '99999999999999', creationTimestamp: null }
    const bookmark = JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata } })
    const { reach, reflector: started } = await watching({ resource: PODS })
    mainWatch().inject(`${bookmark}\n`)
    await eventually(() => started.state.resourceVersion === metadata.resourceVersion)
    const refused = reach()
    await expect(refused).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
    await expect(refused).rejects.toThrow(/went back from version 99999999999999 to \d+$/)
    expect(started.synced).toBe(false)
    await started.whenSynced()
    const uid = await createPod()
    await reach()
    expect([sink.items.has(uid), sink.commits]).toEqual([true, 2])
  })

  it('S29: is refused after a proxy left objects out of the list that the watch goes on from, and the reflector lists anew', async () => {
    const metadata = { name: 'left-out', namespace: cluster.namespace, labels: { tier: 'back' } }
    const uid = await create(PODS, { metadata, spec: POD_SPEC })
    await createPod()
    await createPod()
    const mend = world.proxy.rule({ kind: 'narrow', labelSelector: 'tier notin (back)' }, { path: /\/pods$/ })
    const { reach, reflector: started } = await watching({ resource: PODS })
    mend()
    mainWatch().cut()
    await eventually(() => started.state.restarts === 1 && started.state.phase === 'watching')
    await createPod()
    const there = (await newest(probe())).objects ?? 0
    await expect(reach()).rejects.toThrow(`${there - 1} objects are held, and the cluster has ${there}`)
    expect(started.synced).toBe(false)
    await started.whenSynced()
    await reach()
    expect([sink.items.has(uid), sink.items.size, sink.commits]).toEqual([true, there, 2])
  })

  it('S29: counts right while objects come and go', async () => {
    const { reach } = await watching({ resource: PODS })
    let isOver = false
    const others = Array.from({ length: 3 }, async () => {
      while (!isOver) {
        const name = `object-${created + 1}`
        await createPod()
        const query = { gracePeriodSeconds: 0 }
        const path = resourcePath(PODS, { namespace: cluster.namespace, name })
        await world.admin.request({ method: 'DELETE', path, query })
      }
    })
    for (let round = 0; round < 40; round += 1) await reach()
    isOver = true
    await Promise.all(others)
    expect(sink.commits).toBe(1)
  })

  it('knows how many objects there are, behind a selector as far as one page goes', async () => {
    await createPod()
    await createPod()
    const there = await actual(world.admin, PODS)
    expect((await newest(probe())).objects).toBe(there.size)
    const narrowed = await newest({ ...probe(), ...HELM })
    expect(narrowed.objects).toBeGreaterThan(1)
    expect(narrowed.objects).toBeLessThan(there.size)
    expect((await newest({ ...probe(), labelSelector: 'owner=nobody' })).objects).toBe(0)
    world.proxy.rule({ kind: 'narrow', labelSelector: 'owner' }, { query: /limit=1(&|$)/ })
    expect((await newest(probe())).objects).toBeUndefined()
  })

  it('S03: is refused at once where nothing is synced or versions have no order', async () => {
    const { reach, reflector: started } = await watching({ resource: PODS })
    const odd = {
      synced: true,
      state: { ...started.state, resourceVersion: 'v7' },
      reached: () => new Promise<void>(() => undefined),
      followCount: () => started.followCount(),
      startOver: () => undefined,
    }
    await expect(reach({ reflector: odd })).rejects.toThrow(/have no order$/)
    await started.stop()
    await expect(reach()).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
  })

  it('says why the list failed, and ends when it is given up or the reflector is stopped', async () => {
    const { reach, reflector: started } = await watching({ resource: PODS })
    mainWatch().freeze()
    await moveOn()
    world.proxy.rule({ kind: 'status', status: 403, times: 1 }, { query: /limit=1/ })
    await expect(reach()).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' })
    world.proxy.rule({ kind: 'halfOpen', at: 'request', times: 1 }, { query: /limit=1/ })
    await expect(reach({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'BARRIER_NOT_REACHED' })
    world.proxy.rule({ kind: 'halfOpen', at: 'body', after: 0 }, PROBE)
    await expect(reach({ signal: AbortSignal.timeout(300) })).rejects.toMatchObject({ code: 'CANCELLED' })
    const probes = world.proxy.counter(PROBE)
    const stopped = expect(reach()).rejects.toMatchObject({ code: 'CANCELLED' })
    await eventually(() => probes.count === 1)
    await started.stop()
    await stopped
    await eventually(() => world.proxy.exchanges().length === 0)
  })
})
