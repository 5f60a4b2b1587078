import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Inventories } from '#clusters/inventories.ts'
import { reasonToHold, returnEvents, returnStatus } from '#controllers/evicted-news.ts'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import { EvictedWatch } from '#controllers/evicted-watch.ts'
import type { RegistryIndexes } from '#controllers/registry-indexes.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { type Evicted, stillEvicted } from '#evict/evicted.ts'
import type { UsageClaim } from '#inventory/claim.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { PODS } from '#kube/resource.ts'
import { RegistryPool } from '#registry/pool.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { evictTags } from '#test/harness/evicted.ts'
import { restorerAt } from '#test/harness/evicted-restorer.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import { containerImage, multiPlatformImage, referrer, type TestImage } from '#test/harness/images.ts'
import { clusterOver, inventoryConfig } from '#test/harness/live-inventory.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'

const RUN = 'web-20261126t053000-1f2e'
const POLICY = 'apps/web'
const fence = { assertLeader: () => undefined, requestTimeoutMs: 5_000 }

let cluster: TestCluster
let connection: ClusterConnection
let client: KubeClient
let inventories: Inventories
let pool: RegistryPool

beforeAll(async () => {
  cluster = await borrowCluster()
  connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  client = new KubeClient(connection)
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  const ledger = { client, fence, namespace: OPERATOR_NAMESPACE }
  inventories = new Inventories({ ledger, clock: systemClock, log: silentLog })
  inventories.configure('apps/here', inventoryConfig([clusterOver('here', connection)]))
  await eventually(() => inventories.get('apps/here')?.synced)
})

afterAll(async () => {
  await inventories?.stop()
  await pool?.close()
  await connection?.close()
  await cluster?.stop()
})

async function createPod(name: string, image: string): Promise<void> {
  const spec = { containers: [{ name: 'main', image }] }
  await client.create(PODS, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: cluster.namespace } },
    ...{ spec },
  })
}

describe.each(['2.8', '3'] as const)('S04: what was evicted from %s', (version) => {
  let site: EvictionSite
  let registry: RegistryObject
  let restorer: EvictedRestorer
  let indexes: RegistryIndexes
  let term: AbortController
  let watch: EvictedWatch
  let running: Promise<void>
  let claims: UsageClaim[]
  let told: EvictedReturn[]
  let pending: number | undefined
  let isDeleted = false
  let looks = 0
  let count = 0

  beforeAll(async () => {
    site = await startEvictionSite(version)
    ;({ registry, restorer, indexes } = restorerAt(site, pool, client))
  })
  afterAll(async () => {
    await site?.stop()
  })

  beforeEach(() => {
    told = []
    pending = undefined
    claims = []
    count += 1
    term = new AbortController()
    watch = new EvictedWatch({
      live: inventories,
      registries: { get: () => (isDeleted ? undefined : registry) },
      ...{ restorer, indexes, clock: systemClock, log: silentLog },
      claimsOf: () => {
        looks += 1
        return claims
      },
      told: (_, returns, left) => {
        told.push(...returns)
        pending = left
      },
    })
    running = watch.run(term.signal)
  })
  afterEach(async () => {
    term.abort()
    await running
  })

  const gone = (went: readonly Evicted[]) => ({ went, returned: [] })
  const digest = (image: TestImage) => image.manifest.digest
  const layerOf = ({ blobs }: TestImage) => blobs.at(-1)?.digest ?? ''
  const claimOf = (used: string): UsageClaim => ({
    ...{ installation: 'other', writtenAt: 0, synced: true, trusted: true },
    ...{ images: [], digests: [used], configs: [], pins: [] },
  })
  const past = async (repository: string) =>
    stillEvicted(await restorer.historyOf(registry, [{ run: RUN, repositories: [repository] }], term.signal))

  /** A repository of its own that has lost its tag `old`. */
  async function evicted(old: TestImage): Promise<string> {
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    const kept = containerImage({ seed: `${repository} kept` })
    await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
    return repository
  }

  async function backWithin10s(repository: string, reference: string, since: number): Promise<void> {
    await eventually(() => site.has(repository, reference))
    expect(systemClock.monotonic() - since).toBeLessThan(10_000)
  }

  async function looked(times: number): Promise<void> {
    await eventually(() => {
      watch.add(POLICY, [])
      return looks >= times
    })
  }

  test('is back and pulls within 10 s when a pod names it, is told, and holds the policy', async () => {
    const old = multiPlatformImage({ seed: `pod ${version}` })
    const repository = await evicted(old)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const since = systemClock.monotonic()
    const image = `${site.registry.host}/${repository}:old`
    await createPod(`starts-${count}-${version}`, image)
    await backWithin10s(repository, 'old', since)
    expect(await site.pull(`${repository}:old`)).toContain(digest(old))
    await eventually(() => told.length > 0)
    const tagged = told.filter(({ use }) => use.thing.tag === 'old')
    expect(tagged).toMatchObject([{ outcome: 'Restored' }])
    expect(returnEvents(told, 'r.example/')).toMatchObject([
      { reason: 'EvictedInUse', note: expect.stringContaining(`r.example/${repository}:old (`) },
    ])
    const [{ note } = { note: '' }] = returnEvents(told, 'r.example/')
    expect(note).toContain(`/Pod/starts-${count}-${version} runs it`)
    // It lies in the workspace, which others may read (S19).
    const because = reasonToHold(told, 'r.example/')
    expect(because).toContain(`r.example/${repository}:old`)
    expect(because).not.toContain(`starts-${count}`)
    expect(returnStatus(tagged, 'r.example/', 0)).toMatchObject([
      { image: `r.example/${repository}:old`, cause: 'InUse', outcome: 'Restored' },
    ])
  })

  test('is back when a run takes it away after a pod had started with it', async () => {
    const old = containerImage({ seed: `late ${version}` })
    watch.follow(POLICY, 'apps/shop', gone([]))
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    await createPod(`before-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => inventories.get('apps/here')?.has(`${site.registry.host}/${repository}:old`))
    // The second look from here on is at what has the pod in it.
    await looked(looks + 2)
    await evicted(old)
    const since = systemClock.monotonic()
    watch.add(POLICY, await past(repository))
    await backWithin10s(repository, 'old', since)
  })

  test('is back while nobody knows how what took it ended', async () => {
    const repository = await evicted(containerImage({ seed: `open ${version}` }))
    watch.follow(POLICY, 'apps/shop', gone([]))
    watch.add(POLICY, await past(repository))
    watch.follow(POLICY, 'apps/shop', gone([]), new Set([RUN]))
    const since = systemClock.monotonic()
    await createPod(`open-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await backWithin10s(repository, 'old', since)
  })

  test('is back when another installation claims it, by its digest alone', async () => {
    const old = containerImage({ seed: `claim ${version}` })
    const repository = await evicted(old)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const since = systemClock.monotonic()
    claims = [claimOf(digest(old))]
    await backWithin10s(repository, digest(old), since)
  })

  test('S35: is back when a pod names an index that contains it, and that no tag names', async () => {
    const index = multiPlatformImage({ seed: `index ${version}` })
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    const [old] = index.children
    if (old === undefined) throw new Error('an index has children')
    site.storage.write(repository, index)
    await evicted(old)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const since = systemClock.monotonic()
    await createPod(`index-${count}-${version}`, `${site.registry.host}/${repository}@${digest(index)}`)
    await backWithin10s(repository, 'old', since)
    expect(await site.pull(`${repository}@${digest(index)}`)).toContain(digest(old))
    await eventually(() => told.length > 0)
    const [{ note } = { note: '' }] = returnEvents(told, 'r.example/')
    expect(note).toContain(`/Pod/index-${count}-${version} runs it`)
  })

  test('is back however much went after it', async () => {
    const old = containerImage({ seed: `many ${version}` })
    const repository = await evicted(old)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const later = Array.from({ length: 120_000 }, (_, at) => {
      return {
        run: RUN,
        repository: 'shop/many',
        tag: `v${at}`,
        digest: `sha256:${at}`,
        at: systemClock.now(),
      }
    })
    watch.add(POLICY, later)
    const since = systemClock.monotonic()
    await createPod(`many-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await backWithin10s(repository, 'old', since)
  })

  test('that somebody has pushed again is no alarm', async () => {
    const old = containerImage({ seed: `pushed ${version}` })
    const repository = await evicted(old)
    const things = await past(repository)
    site.storage.write(repository, old, 'old')
    watch.follow(POLICY, 'apps/shop', gone(things))
    await createPod(`again-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.length > 0)
    expect(told).toMatchObject([{ use: { thing: { tag: 'old' } }, outcome: 'Present' }])
    expect(returnEvents(told, 'r.example/')).toEqual([])
    expect(reasonToHold(told, 'r.example/')).toBeUndefined()
  })

  test('that was still there when it was looked at is back when its manifest goes later', async () => {
    const old = containerImage({ seed: `looked ${version}` })
    const repository = await evicted(old)
    const things = await past(repository)
    site.storage.write(repository, old, 'old')
    watch.follow(POLICY, 'apps/shop', gone(things))
    await createPod(`looked-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.length > 0)
    const { signal } = term
    await site.direct.deleteManifest(repository, digest(old), {
      ...{ signal, guard: async () => undefined, audit: () => undefined },
    })
    expect(await site.has(repository, 'old')).toBe(false)
    const since = systemClock.monotonic()
    watch.add(POLICY, [{ run: RUN, repository, tag: undefined, digest: digest(old), at: systemClock.now() }])
    await backWithin10s(repository, 'old', since)
  })

  test('is tried again while the registry is away, which is told once, and is back when that is', async () => {
    const old = containerImage({ seed: `away ${version}` })
    const repository = await evicted(old)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const there = registry
    registry = { ...registry, spec: { url: 'http://127.0.0.1:9', workspace: { prefix: 'tallyman' } } }
    claims = [claimOf(digest(old))]
    await eventually(() => told.filter(({ outcome }) => outcome === 'Failed').length >= 4)
    const failures = told.filter(({ isNews }) => isNews)
    expect(failures.map(({ error }) => error?.code)).toEqual(failures.map(() => 'REGISTRY_UNREACHABLE'))
    expect(failures.length).toBeLessThan(told.length)
    expect(returnEvents(told, 'r.example/')).toMatchObject([{ reason: 'RestoreFailed' }])
    expect(reasonToHold(told, 'r.example/')).toBeUndefined()
    registry = there
    await eventually(() => told.some(({ use, outcome }) => use.thing.tag === 'old' && outcome === 'Restored'))
    expect(await site.has(repository, 'old')).toBe(true)
    expect(reasonToHold(told, 'r.example/')).toContain(repository)
  })

  test('that has lost its content is tried again, and holds the policy', async () => {
    const old = containerImage({ seed: `lost ${version}` })
    const repository = await evicted(old)
    await collectGarbage(site.registry)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    await createPod(`lost-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.length >= 2)
    expect(told.map(({ outcome, error, isNews }) => [outcome, error?.code, isNews])).toEqual([
      ['Failed', 'RESTORE_CONTENT_GONE', true],
      ...told.slice(1).map(() => ['Failed', 'RESTORE_CONTENT_GONE', false]),
    ])
    expect(reasonToHold(told, 'r.example/')).toContain('RESTORE_CONTENT_GONE')
    expect(returnStatus(told, 'r.example/', 0)).toMatchObject([{ outcome: 'Failed' }])
  })

  test('that nobody uses any more is not tried again, and no alarm is left of it', async () => {
    const old = containerImage({ seed: `left ${version}` })
    const repository = await evicted(old)
    await collectGarbage(site.registry)
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const pod = `left-${count}-${version}`
    await createPod(pod, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.length >= 2 && pending === 1)
    await client.delete(PODS, { name: pod, namespace: cluster.namespace })
    await eventually(() => pending === 0)
    // What uses it again is told of again.
    const before = told.length
    await createPod(`${pod}-again`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.length > before && pending === 1)
    // Another one that watches the same takes the alarm over.
    watch.follow(POLICY, 'apps/shop', gone([]))
    await eventually(() => pending === 0)
  })

  test('is back with its signature, which no pod names, also where that goes later', async () => {
    const old = containerImage({ seed: `signed ${version}` })
    const signature = containerImage({ seed: `signature ${version}` })
    const tag = `${digest(old).replace(':', '-')}.sig`
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    const kept = containerImage({ seed: `${repository} kept` })
    const tags = { old, kept, [tag]: signature }
    await evictTags(site, { run: RUN, repository, tags, doomed: ['old', tag] })
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const since = systemClock.monotonic()
    await createPod(`signed-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await backWithin10s(repository, tag, since)
    await site.pull(`${repository}:${tag}`)
    await eventually(() => told.some(({ use }) => use.thing.tag === tag))
    expect(await site.has(repository, 'old')).toBe(true)

    const { signal } = term
    await site.direct.deleteManifest(repository, digest(signature), {
      ...{ signal, guard: async () => undefined, audit: () => undefined },
    })
    const later = systemClock.monotonic()
    const thing = { run: RUN, repository, digest: digest(signature), at: systemClock.now() }
    watch.add(POLICY, [{ ...thing, tag }, thing])
    await backWithin10s(repository, tag, later)
  })

  test('of which a signature, or what belongs to that, did not come back with it has it again', async () => {
    const old = containerImage({ seed: `half ${version}` })
    const signature = containerImage({ seed: `half signature ${version}` })
    const tag = `${digest(old).replace(':', '-')}.sig`
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    const kept = containerImage({ seed: `${repository} kept` })
    const second = containerImage({ seed: `half signature of the signature ${version}` })
    const last = `${digest(signature).replace(':', '-')}.sig`
    const tags = { old, kept, [tag]: signature, [last]: second }
    await evictTags(site, { run: RUN, repository, tags, doomed: ['old', tag, last] })
    const things = await past(repository)
    // Another leader brought the image and its signature back, and not what belongs to that.
    site.storage.write(repository, old, 'old')
    site.storage.write(repository, signature, tag)
    const returned = things.filter((thing) => thing.digest !== digest(second))
    const history = { went: things, returned: returned.map((thing) => ({ ...thing, at: systemClock.now() })) }
    watch.follow(POLICY, 'apps/shop', history)
    const since = systemClock.monotonic()
    await createPod(`half-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await backWithin10s(repository, last, since)
    await eventually(() => told.some(({ use }) => use.thing.tag === last))
    expect(told.map(({ use }) => use.thing.digest)).toEqual(told.map(() => digest(second)))
  })

  test('that names something else by now leaves its signature where it is, until what it signs is used by its digest', async () => {
    const [old, signature, kept] = ['old', 'signature', 'kept'].map((seed) =>
      containerImage({ seed: `disowned ${seed} ${version}` }),
    ) as [TestImage, TestImage, TestImage]
    const tag = `${digest(old).replace(':', '-')}.sig`
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    const tags = { old, kept, [tag]: signature }
    await evictTags(site, { run: RUN, repository, tags, doomed: ['old', tag] })
    site.storage.write(repository, kept, 'old')
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    await createPod(`disowned-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.some(({ outcome }) => outcome === 'Taken') && pending === 0)
    expect(await site.has(repository, tag)).toBe(false)
    const since = systemClock.monotonic()
    claims = [claimOf(digest(old))]
    await backWithin10s(repository, tag, since)
  })

  test('is back when it is used in its own right, while what it belongs to cannot come back', async () => {
    const old = containerImage({ seed: `lost owner ${version}` })
    const attestation = referrer(old, { seed: `attestation ${version}` })
    const kept = containerImage({ seed: `lost owner kept ${version}` })
    const repository = `shop/watch-${version.replace('.', '-')}-${count}`
    site.storage.write(repository, attestation, 'attestation')
    const tags = { old, kept, attestation }
    await evictTags(site, { run: RUN, repository, tags, doomed: ['old', 'attestation'] })
    const there = registry
    registry = { ...there, spec: { url: site.proxy.url, workspace: { prefix: 'tallyman' } } }
    const mend = site.proxy.rule({ kind: 'status', status: 404 }, { path: new RegExp(layerOf(old)) })
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    await createPod(`lost-owner-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.some(({ error }) => error?.code === 'RESTORE_CONTENT_GONE'))
    const since = systemClock.monotonic()
    await createPod(`itself-${count}-${version}`, `${site.registry.host}/${repository}:attestation`)
    await backWithin10s(repository, 'attestation', since)
    mend()
    registry = there
  })

  test('is tried again, and holds up nothing else, while its Registry is deleted', async () => {
    const repository = await evicted(containerImage({ seed: `deleted ${version}` }))
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const there = registry
    registry = { ...there, spec: { url: 'http://127.0.0.1:9', workspace: { prefix: 'tallyman' } } }
    await createPod(`deleted-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await eventually(() => told.length > 0)
    isDeleted = true
    await eventually(() => told.some(({ error }) => error?.code === 'REFERENCE_NOT_FOUND'))
    registry = there
    isDeleted = false
    await eventually(() => told.some(({ use, outcome }) => use.thing.tag === 'old' && outcome === 'Restored'))
  })

  test('is left alone while nothing uses it', async () => {
    const repository = await evicted(containerImage({ seed: `alone ${version}` }))
    watch.follow(POLICY, 'apps/shop', gone(await past(repository)))
    const before = looks
    await createPod(`alone-${count}-${version}`, `${site.registry.host}/${repository}:another`)
    await eventually(() => inventories.get('apps/here')?.has(`${site.registry.host}/${repository}:another`))
    await looked(before + 3)
    expect(told).toEqual([])
    expect(await site.has(repository, 'old')).toBe(false)
  })

  test.each(['when the policy is gone', 'after the term'])('is left alone %s', async (when) => {
    const repository = await evicted(containerImage({ seed: `${when} ${version}` }))
    const things = await past(repository)
    watch.follow(POLICY, 'apps/shop', gone(things))
    if (when === 'after the term') {
      term.abort()
      await running
      term = new AbortController()
      running = watch.run(term.signal)
    } else watch.forget(POLICY)
    // Of another policy, in a repository of its own: when that is back, this was looked at as well.
    const beside = `${repository}-beside`
    const old = containerImage({ seed: `beside ${when} ${version}` })
    const kept = containerImage({ seed: `${beside} kept` })
    await evictTags(site, { run: RUN, repository: beside, tags: { old, kept }, doomed: ['old'] })
    watch.follow('apps/other', 'apps/shop', gone(await past(beside)))
    await createPod(`gone-${count}-${version}`, `${site.registry.host}/${repository}:old`)
    await createPod(`beside-${count}-${version}`, `${site.registry.host}/${beside}:old`)
    await eventually(() => site.has(beside, 'old'))
    await eventually(() => inventories.get('apps/here')?.has(`${site.registry.host}/${repository}:old`))
    const before = looks
    await looked(before + 3)
    expect(await site.has(repository, 'old')).toBe(false)
  })
})
