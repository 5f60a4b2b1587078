import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EvictedRestorer } from '#controllers/evicted-restorer.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import { stayingTags } from '#controllers/policy-restore.ts'
import { restoreAsked } from '#controllers/policy-restore-run.ts'
import { PolicyUndo } from '#controllers/policy-undo.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { stillEvicted } from '#evict/evicted.ts'
import { journalRepository } from '#evict/journal-artifact.ts'
import { RESTORATIONS } from '#evict/journal-shelf.ts'
import { atOnce } from '#inventory/at-once.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { RegistryPool } from '#registry/pool.ts'
import { EMPTY_RECORD } from '#retention/policy-record.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { evictTags } from '#test/harness/evicted.ts'
import { restorerAt } from '#test/harness/evicted-restorer.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage, multiPlatformImage } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'

const RUN = 'web-20261126t053000-1f2e'
const { signal } = new AbortController()

let cluster: TestCluster
let connection: ClusterConnection
let pool: RegistryPool

beforeAll(async () => {
  cluster = await borrowCluster()
  connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
})
afterAll(async () => {
  await pool?.close()
  await connection?.close()
  await cluster?.stop()
})

describe.each(['2.8', '3'] as const)('spec.restore, registry %s', (version) => {
  let site: EvictionSite
  let registry: RegistryObject
  let restorer: EvictedRestorer

  beforeAll(async () => {
    site = await startEvictionSite(version)
    ;({ registry, restorer } = restorerAt(site, pool, new KubeClient(connection)))
  })
  afterAll(async () => {
    await site?.stop()
  })

  test('brings back what it names, once, and that stays for its time', async () => {
    const old = multiPlatformImage({ seed: 'old' })
    const gone = containerImage({ seed: 'gone' })
    const tags = { v1: old, v2: gone, v3: containerImage({ seed: 'kept' }) }
    await evictTags(site, { run: RUN, repository: 'shop/app', tags, doomed: ['v1', 'v2'] })
    const past = () => restorer.historyOf(registry, [{ run: RUN, repositories: ['shop/app'] }], signal)
    const entries = [{ repository: 'shop/*', tag: 'v1' }]
    const round = async () =>
      restoreAsked(restorer, {
        ...{ registry, entries, history: await past(), before: [], signal, now: systemClock.now() },
      })

    expect(await round()).toMatchObject({
      ...{ runs: new Set([RUN]), failure: undefined },
      restorations: [{ image: `${site.registry.host}/shop/app:v1`, cause: 'Asked', outcome: 'Restored' }],
    })
    expect(await site.pull('shop/app:v1')).toContain(old.manifest.digest)
    expect(await site.tags('shop/app')).not.toHaveProperty('v2')
    expect(await round()).toEqual({ runs: new Set(), failure: undefined, restorations: [] })
    const now = systemClock.now()
    const facts = { repositories: [] }
    const asked = { entries: [], history: await past(), facts, remembered: [], now }
    const staying = atOnce(stayingTags(asked))
    expect(staying).toMatchObject([{ repository: 'shop/app', tag: 'v1' }])
  })

  test('says what could not be brought back', async () => {
    const taken = containerImage({ seed: 'taken' })
    const kept = containerImage({ seed: 'kept' })
    await evictTags(site, { run: RUN, repository: 'shop/taken', tags: { v1: taken, kept }, doomed: ['v1'] })
    site.storage.write('shop/taken', kept, 'v1')
    const history = await restorer.historyOf(registry, [{ run: RUN, repositories: ['shop/taken'] }], signal)
    const entries = [{ repository: 'shop/taken', tag: 'v*' }]
    const parts = { registry, entries, before: [], signal, now: 0 }
    expect(await restoreAsked(restorer, { ...parts, history })).toMatchObject({
      ...{ runs: new Set(), failure: undefined },
      restorations: [{ image: `${site.registry.host}/shop/taken:v1`, outcome: 'Taken' }],
    })
    const digest = `sha256:${'0'.repeat(64)}`
    const lost = { run: RUN, repository: 'shop/taken', tag: 'v9', digest, at: 0 }
    const gone = { ...parts, history: { ...history, went: [lost] } }
    const failed = await restoreAsked(restorer, gone)
    expect(failed).toMatchObject({
      ...{
        runs: new Set(),
        failure: expect.stringContaining(`${site.registry.host}/shop/taken:v9: RESTORE_CONTENT_GONE`),
      },
      restorations: [{ outcome: 'Failed', message: expect.stringContaining('Push the image again') }],
    })
    // The same once more is no news.
    const again = await restoreAsked(restorer, { ...gone, before: failed.restorations })
    expect(again).toMatchObject({ failure: undefined, restorations: [{ outcome: 'Failed' }] })
  })

  test('knows what others have brought back', async () => {
    const image = containerImage({ seed: 'others' })
    const tags = { v1: image, kept: containerImage({ seed: 'kept' }) }
    await evictTags(site, { run: RUN, repository: 'shop/others', tags, doomed: ['v1'] })
    const ask = () => restorer.returnedTo(registry, ['shop/others', 'shop/nowhere'], signal)
    expect(await ask()).toEqual({ returned: [], unknownReturns: new Map() })
    const history = await restorer.historyOf(registry, [{ run: RUN, repositories: ['shop/others'] }], signal)
    for await (const _ of restorer.bringBack(registry, stillEvicted(history), signal));
    const { returned } = await ask()
    expect(returned).toMatchObject([{ run: RUN, repository: 'shop/others', tag: 'v1' }])
    expect(stillEvicted({ went: history.went, returned })).toEqual([])
  })

  test('S34: what the policy has done is known plan after plan where the record of what came back is lost', async () => {
    const repositories = ['shop/untold', 'shop/told']
    const runs = [{ ...{ id: RUN, plan: 'sha256:1', startedAt: 1, finishedAt: 2 }, repositories }]
    for (const repository of repositories) {
      const tags = { v1: containerImage({ seed: repository }), kept: containerImage({ seed: 'kept' }) }
      await evictTags(site, { run: RUN, repository, tags, doomed: ['v1'] })
      const history = await restorer.historyOf(registry, [{ run: RUN, repositories: [repository] }], signal)
      for await (const _ of restorer.bringBack(registry, stillEvicted(history), signal));
    }
    const mend = damage('revision-link-missing', {
      ...{ storageDir: site.registry.storageDir, reference: `${RUN}${RESTORATIONS}` },
      repository: journalRepository('tallyman', 'shop/untold'),
    })
    const undo = new PolicyUndo({
      restorer,
      watch: { add: () => undefined, follow: () => undefined, forget: () => undefined },
      holds: new PolicyHolds({ get: () => undefined }, { set: () => undefined }),
      clock: systemClock,
    })
    const policy = { ...registry, kind: 'RegistryPolicy' }
    for (const plan of ['first', 'second', 'third']) {
      const history = await undo.recall(policy, registry, { ...EMPTY_RECORD, runs }, signal)
      expect([plan, ...history.returned.map(({ repository }) => repository)]).toEqual([plan, 'shop/told'])
      const { unknownReturns } = history
      expect(unknownReturns).toEqual(new Map([['shop/untold', expect.stringContaining('names nothing')]]))
      // What is asked back meanwhile is learned anew.
      await undo.learn(policy, registry, { id: RUN, repositories }, signal)
      expect(undo.evicted(policy)).toMatchObject({ unknownReturns })
    }
    mend()
    const { returned, unknownReturns } = await undo.recall(policy, registry, EMPTY_RECORD, signal)
    expect(returned.map(({ repository }) => repository).sort()).toEqual(['shop/told', 'shop/untold'])
    expect(unknownReturns).toEqual(new Map())
    expect(undo.unsettled(policy)).toEqual([{ repository: 'shop/untold', run: RUN, isLost: true }])
  })
})
