import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { PolicyMemories } from '#controllers/policy-memory.ts'
import { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { RegistryPool } from '#registry/pool.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { EMPTY_RECORD, MADE_ANEW, type OpenRun, type PolicyRecord } from '#retention/policy-record.ts'
import type { ScanMemory } from '#scan/kept-memory.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, registryError, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { artifact } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'

const { signal } = new AbortController()
const URL = 'https://registry.example'
const DIGEST = `sha256:${'a'.repeat(64)}`

const MANIFEST: ManifestFacts = {
  ...{ digest: DIGEST, kind: 'image', mediaType: 'm', artifactType: undefined, size: 1 },
  ...{ children: [], config: undefined, layers: [], created: 1 },
  ...{ subject: undefined, baseName: undefined, baseDigest: undefined },
}
const APP = { tags: ['v1'], digests: [DIGEST], boundSince: [5], digestSince: [4] }
const SCAN: ScanMemory = {
  bindings: {
    registry: { uid: 'registry', url: URL },
    at: 7,
    firstAt: 3,
    repositories: new Map([['app', APP]]),
  },
  manifests: new Map([[DIGEST, MANIFEST]]),
  soak: { mark: 'm', lastAt: 7, since: new Map([[`evict app:v1@${DIGEST}`, 6]]) },
  ledgers: new Map([['ops/all', { id: 'ledger' }]]),
}
const RUN: OpenRun = {
  ...{ registry: { uid: 'registry', url: URL }, mark: 'm' },
  ...{ id: 'run', plan: DIGEST, startedAt: 8, resumesAt: 9, repositories: ['app'] },
  cause: 'Enforced',
  bindings: [{ repository: 'app', tag: 'v1', digest: DIGEST }],
  digests: [{ repository: 'app', digest: DIGEST }],
}
const RECORD: PolicyRecord = {
  approvals: [{ plan: DIGEST, usedAt: 8, run: 'run' }],
  restored: [{ repository: 'app', tag: 'v0', until: systemClock.now() }],
  run: RUN,
  runs: [{ id: 'before', plan: DIGEST, startedAt: 1, finishedAt: 2, repositories: ['app'] }],
  hold: { since: 3, because: 'app:v0 came into use' },
}

let cluster: TestCluster
let connection: ClusterConnection
let registry: TestRegistry
let proxy: FaultProxy
let pool: RegistryPool

beforeAll(async () => {
  cluster = await borrowCluster()
  connection = await connect({ kubeconfig: cluster.adminKubeconfig, clock: systemClock })
  registry = await startRegistry({ version: '3' })
  proxy = await startFaultProxy({ upstream: registry.url })
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
})
afterAll(async () => {
  await pool?.close()
  await proxy?.stop()
  await registry?.stop()
  await connection?.close()
  await cluster?.stop()
})
beforeEach(() => proxy.clear())

const object = (workspace: boolean): RegistryObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry' },
  metadata: { name: 'shop', namespace: 'apps', uid: 'registry', generation: 1 },
  spec: { url: proxy.url, ...(workspace ? { workspace: { prefix: 'tallyman' } } : {}) },
})
const policy = (name: string, uid = 'policy'): RegistryPolicyObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy' },
  ...{ metadata: { name, namespace: 'apps', uid }, spec: {} },
})

/** What a process knows that has just begun. */
function process(workspace = true, assertLeader: () => void = () => undefined) {
  const here = object(workspace)
  const tries = new WorkspaceTries()
  const memories = new PolicyMemories({
    access: new RegistryAccess(pool, new SecretCache(new KubeClient(connection), systemClock), {}),
    registries: { get: () => here, list: () => [here] },
    fence: { assertLeader, requestTimeoutMs: 5_000 },
    ...{ tries, clock: systemClock, log: silentLog },
  })
  return {
    load: (of: RegistryPolicyObject, url = URL) => memories.load(of, here, url, signal),
    save: (of: RegistryPolicyObject, scan: ScanMemory) => memories.save(of, here, scan, signal),
    saveRecord: (of: RegistryPolicyObject, record: PolicyRecord) =>
      memories.saveRecord(of, here, record, signal),
    problem: () => tries.of(here)?.problem,
    beginTerm: () => memories.beginTerm(),
  }
}

const UNKNOWN = { bindings: undefined, manifests: new Map(), soak: undefined }
const NEW = { ...UNKNOWN, ledgers: new Map(), record: EMPTY_RECORD }
const repositoryOf = (name: string) => `tallyman/policies/apps/${name}`

describe('what a policy remembers', () => {
  test('is nothing at first, and in the next process what was kept', async () => {
    const here = policy('next')
    const first = process()
    expect(await first.load(here)).toEqual({ ...NEW, recordProblem: undefined })
    await first.save(here, SCAN)
    await first.saveRecord(here, RECORD)
    const all = { ...SCAN, record: RECORD, recordProblem: undefined }
    expect(await first.load(here)).toEqual(all)
    expect(await process().load(here)).toEqual(all)
    expect(first.problem()).toBeUndefined()
  })

  test('stays in the process where the Registry names no workspace', async () => {
    const here = policy('local')
    const first = process(false)
    await first.save(here, SCAN)
    await first.saveRecord(here, RECORD)
    expect(await first.load(here)).toMatchObject({ ...SCAN, record: RECORD })
    expect(await process(false).load(here)).toMatchObject(NEW)
  })

  test('is not meant for another registry behind the same name', async () => {
    const here = policy('moved')
    const first = process()
    await first.load(here)
    await first.save(here, SCAN)
    await first.saveRecord(here, RECORD)
    // What is used is the same for every registry.
    const { ledgers } = SCAN
    expect(await first.load(here, 'https://other.example')).toMatchObject({
      ...UNKNOWN,
      ledgers,
      record: RECORD,
    })
  })

  test('S21: is no run to go on with for another policy of its name', async () => {
    const first = process()
    await first.saveRecord(policy('again'), RECORD)
    for (const each of [first, process()]) {
      const { record } = await each.load(policy('again', 'another'))
      const run = { id: 'run', mark: MADE_ANEW }
      expect(record).toMatchObject({ approvals: RECORD.approvals, run, runs: [{ id: 'before' }] })
    }
  })

  test('is nothing where something else lies in its place, and that is written over', async () => {
    await pushImage(registry, repositoryOf('foreign'), artifact({ seed: 'foreign' }), 'memory')
    const here = policy('foreign')
    const first = process()
    expect(await first.load(here)).toEqual({ ...NEW, recordProblem: undefined })
    await first.save(here, SCAN)
    expect(await process().load(here)).toMatchObject(SCAN)
  })

  test('is not written over by who could not read it', async () => {
    const here = policy('outage')
    const before = process()
    await before.save(here, SCAN)
    await before.saveRecord(here, RECORD)
    const next = process()
    proxy.rule(registryError(403, 'DENIED', 'no'))
    expect(await next.load(here)).toMatchObject({ ...NEW, recordProblem: { kind: 'denied' } })
    const later = { ...SCAN, bindings: { ...SCAN.bindings, repositories: new Map() } }
    await next.save(here, later)
    expect(next.problem()).toEqual(expect.stringMatching(/^The memory of RegistryPolicy outage is not kept/))
    proxy.clear()
    await next.save(here, later)
    expect(await next.load(here)).toEqual({ ...SCAN, record: RECORD, recordProblem: undefined })
  })
})

describe('S12: what a policy has done', () => {
  test.each([
    ['is damaged', 'layer-half' as const],
    ['is lost', 'manifest-missing' as const],
  ])('is not known where its record %s, and is not written over', async (_, how) => {
    const here = policy(how)
    // Of a content of its own: the registry holds each blob once.
    await process().saveRecord(here, { ...RECORD, approvals: [{ plan: how, usedAt: 1, run: how }] })
    damage(how, { storageDir: registry.storageDir, repository: repositoryOf(how), reference: 'record' })
    const next = process()
    const code = expect.stringMatching(/^(MEMORY_INVALID|REGISTRY_.*)$/)
    expect(await next.load(here)).toMatchObject({ record: EMPTY_RECORD, recordProblem: { code } })
    await expect(next.saveRecord(here, EMPTY_RECORD)).rejects.toMatchObject({ code })
    expect(await next.load(here)).toMatchObject({ recordProblem: { code } })
  })

  test('S34: is not forgotten where its record was there in an earlier term, and everything says that it never was', async () => {
    const here = policy('hidden')
    const first = process()
    await first.saveRecord(here, RECORD)
    first.beginTerm()
    proxy.rule(registryError(404, 'NAME_UNKNOWN', 'no'), { path: /policies\/apps\/hidden/ })
    const recordProblem = { code: 'MEMORY_INVALID', message: expect.stringContaining('is gone') }
    expect(await first.load(here)).toMatchObject({ record: EMPTY_RECORD, recordProblem })
    await expect(first.saveRecord(here, EMPTY_RECORD)).rejects.toMatchObject(recordProblem)
    proxy.clear()
    expect(await first.load(here)).toMatchObject({ record: RECORD, recordProblem: undefined })
  })

  test('S32: is not known while the record is another one than this process has written', async () => {
    const here = policy('conflict')
    const first = process()
    await first.saveRecord(here, RECORD)
    const second = process()
    const later = { ...RECORD, approvals: [{ plan: 'later', usedAt: 10, run: 'later' }] }
    await second.saveRecord(here, later)
    const recordProblem = { code: 'RECORD_CONFLICT' }
    await expect(first.saveRecord(here, RECORD)).rejects.toMatchObject(recordProblem)
    expect(await first.load(here)).toMatchObject({ recordProblem })
    expect((await process().load(here)).record.approvals).toEqual([...later.approvals, ...RECORD.approvals])
    // Another term may have done more, and knows what lies there.
    first.beginTerm()
    expect(await first.load(here)).toMatchObject({ recordProblem: undefined })
    await first.saveRecord(here, RECORD)
    await expect(second.saveRecord(here, later)).rejects.toMatchObject(recordProblem)
  })

  test('S32: is known again as soon as its record is shown again', async () => {
    const here = policy('behind')
    const first = process()
    await first.saveRecord(here, RECORD)
    proxy.rule(registryError(404, 'MANIFEST_UNKNOWN', 'no'), { path: /policies\/apps\/behind\/manifests/ })
    await expect(first.saveRecord(here, RECORD)).rejects.toMatchObject({ code: 'RECORD_CONFLICT' })
    expect(await first.load(here)).toMatchObject({ recordProblem: { code: 'RECORD_CONFLICT' } })
    proxy.clear()
    expect(await first.load(here)).toMatchObject({ record: RECORD, recordProblem: undefined })
  })

  test('is joined with what was done while it could not be read', async () => {
    const here = policy('joined')
    await process().saveRecord(here, RECORD)
    const next = process()
    proxy.rule(registryError(403, 'DENIED', 'no'))
    await next.load(here)
    proxy.clear()
    const other = { plan: `sha256:${'b'.repeat(64)}`, usedAt: 9, run: 'other' }
    await next.saveRecord(here, { ...EMPTY_RECORD, approvals: [other] })
    const { record } = await process().load(here)
    expect(record.approvals).toEqual([other, ...RECORD.approvals])
    expect(record.run).toEqual(RUN)
  })

  test('is not recorded by who does not lead any more, nor is a scan', async () => {
    const here = policy('fenced')
    const fenced = process(true, () => {
      throw new TallymanError('LEADERSHIP_LOST', 'no longer the leader')
    })
    await expect(fenced.saveRecord(here, RECORD)).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    await expect(fenced.save(here, SCAN)).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    expect(await process().load(here)).toEqual({ ...NEW, recordProblem: undefined })
  })
})
