import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { PolicyPlans } from '#controllers/policy-plans.ts'
import { RegistryAccess } from '#controllers/registry-access.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import { SecretCache } from '#controllers/secret-cache.ts'
import { WorkspaceTries } from '#controllers/workspace-tries.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { RegistryPool } from '#registry/pool.ts'
import { packPlan } from '#report/packed-plan.ts'
import { removalsOf } from '#report/plan-removals.ts'
import { createLogger } from '#runtime/logger.ts'
import { ObjectStore } from '#runtime/object-store.ts'
import { basicAuthSecret, credentialsBinding } from '#test/e2e/support/objects.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { collected } from '#test/harness/collected.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type PlanSample, policyPlan, verdict, WHOSE, WORKLOAD } from '#test/harness/policy-plan.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { DAY_MS, READ_AT } from '#test/harness/registry-facts.ts'
import { systemClock } from '#time/clock.ts'

const SIGNAL = new AbortController().signal
const USER = { username: 'tally', password: 'man' }
const SECRET = { secretRef: { name: 'user' } }

let cluster: TestCluster
let connection: ClusterConnection
let open: TestRegistry
let closed: TestRegistry
let front: FaultProxy
let pool: RegistryPool
let at = 0
let name = ''

beforeAll(async () => {
  ;[cluster, open, closed] = await Promise.all([
    borrowCluster(),
    startRegistry({ version: '3' }),
    startRegistry({ version: '2.8', auth: { kind: 'basic', ...USER } }),
  ])
  front = await startFaultProxy({ upstream: closed.url })
  connection = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  const { namespace } = cluster
  await cluster.apply([
    credentialsBinding(namespace),
    basicAuthSecret({ namespace, name: 'user' }, USER.username, USER.password),
  ])
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
})

afterAll(async () => {
  await pool.close()
  await connection.close()
  await front.stop()
  await Promise.all([cluster.stop(), open.stop(), closed.stop()])
})

beforeEach(() => {
  front.clear()
  at += 1
  name = `lean-${at}`
})

const policyObject = (changes: Partial<RegistryPolicyObject> = {}): RegistryPolicyObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy' },
  metadata: { namespace: cluster.namespace, name, uid: WHOSE.policy },
  spec: {},
  ...changes,
})

const registryObject = (spec: object): RegistryObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'Registry' },
  metadata: { namespace: cluster.namespace, name: 'shop', uid: WHOSE.registry },
  spec: { workspace: {}, ...spec },
})

const SPEC = {
  ...{ registryRef: { name: 'shop' }, inventoryRef: { name: 'everything' } },
  rules: [{ name: 'all', repositories: ['**'], keep: { newest: 3 } }],
}

const closedRegistry = () => registryObject({ url: front.url, credentials: { pull: SECRET, push: SECRET } })

/** As a process of its own has them: another one finds what is in the workspace. */
function process(lead = () => undefined) {
  const log = createLogger({ level: 'info' }, { write: () => undefined })
  const tries = new WorkspaceTries()
  const clock = new FakeClock(READ_AT)
  const policies = new ObjectStore<RegistryPolicyObject>(log)
  const registries = new ObjectStore<RegistryObject>(log)
  const plans = new PolicyPlans({
    ...{ policies, registries, tries, clock, log },
    access: new RegistryAccess(pool, new SecretCache(new KubeClient(connection), systemClock), {}),
    reporter: { latest: (policy) => policy },
    fence: { assertLeader: lead, requestTimeoutMs: 10_000 },
  })
  return { plans, tries, clock, policies, registries }
}

const statusPlan = (digest: string) => ({
  ...{ digest, time: '2026-11-01T00:00:00Z', repositories: 2, tags: 4, keep: 2, untag: 1, evict: 1 },
  ...{ digests: 1, reclaimableBytes: 1024, reclaimable: '1.0 KiB' },
})

const packed = async (sample: PlanSample = {}) => packPlan(await policyPlan(sample))
/** The texts of the files of a plan that is kept, and of the rows in its page. */
async function keptFiles(url: string, repository: string, tag = 'latest'): Promise<string> {
  const client = pool.client({ url, credential: { kind: 'basic', ...USER }, limits: { concurrency: 4 } })
  const manifest = await client.getManifest(repository, tag)
  const layers = manifest.kind === 'image' ? manifest.layers : []
  const files = await Promise.all(
    layers.map(async (layer) => Buffer.concat(await collected(client.readBlob(repository, layer)))),
  )
  return files
    .flatMap((file) => {
      if (file[0] === 0x1f) return [gunzipSync(file).toString()]
      const rows = file.toString().matchAll(/data-block>([^<]*)</g)
      return [
        file.toString(),
        ...Array.from(rows, ([, text = '']) => gunzipSync(Buffer.from(text, 'base64')).toString()),
      ]
    })
    .join('')
}
const writes = () => front.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')

describe('the plans of a policy', () => {
  test('are served by the process that made them until the policy is gone, and need no workspace', async () => {
    const { plans, policies, tries } = process()
    const policy = policyObject()
    const registry = registryObject({ url: open.url, workspace: undefined })
    policies.upsert(policy)
    const plan = await packed()
    expect(await plans.keep(policy, registry, plan, SIGNAL)).toBeUndefined()
    expect(tries.of(registry)).toBeUndefined()
    expect(plans.packed(cluster.namespace, name)).toEqual({ status: undefined, plan })
    expect(plans.packed(cluster.namespace, 'other')).toBeUndefined()
    const { digest } = plan.head
    const found = { digest, readAt: READ_AT, removals: await removalsOf(plan) }
    expect(await plans.find(policy, registry, digest, SIGNAL)).toEqual(found)
    expect(await plans.find(policy, registry, WHOSE.rules, SIGNAL)).toBeUndefined()
    plans.forget(`${cluster.namespace}/${name}`)
    expect(plans.packed(cluster.namespace, name)?.plan).toBeUndefined()
    expect(await plans.find(policy, registry, digest, SIGNAL)).toBeUndefined()
  })

  test('are kept when they say something new, with names where a nameless reader is refused, and found by another process', async () => {
    const { plans, clock, tries } = process()
    const [policy, registry] = [policyObject(), closedRegistry()]
    const plan = await packed()
    const report = await plans.keep(policy, registry, plan, SIGNAL)
    const place = `${front.url.replace('http://', '')}/tallyman/plans/${cluster.namespace}/${name}`
    expect(report).toEqual({
      reference: expect.stringMatching(`^${place}@sha256:[0-9a-f]{64}$`),
      time: '2026-11-01T00:00:00Z',
    })
    expect(tries.of(registry)?.problem).toBeUndefined()

    const written = writes().length
    await clock.advance(DAY_MS)
    const again = { ...policy, status: { plan: { ...statusPlan(plan.head.digest), report } } }
    const later = await packed({ readAt: READ_AT + DAY_MS, before: [] })
    expect(await plans.keep(again, registry, later, SIGNAL)).toEqual(report)
    expect(writes()).toHaveLength(written)

    const other = await packed({ repositories: [{ name: 'app', verdicts: [verdict('1', 'evict')] }] })
    const second = await plans.keep(again, registry, other, SIGNAL)
    expect(second?.reference).not.toBe(report?.reference)
    expect(second?.time).toBe('2026-11-02T00:00:00Z')
    for (const each of [plan, other]) {
      const { digest } = each.head
      const found = { digest, readAt: READ_AT, removals: await removalsOf(each) }
      expect(await process().plans.find(policy, registry, digest, SIGNAL)).toEqual(found)
    }
    // A policy that was made anew under the name has approved nothing (S12).
    const anew = policyObject({ metadata: { ...policy.metadata, uid: 'another' } })
    expect(await process().plans.find(anew, registry, plan.head.digest, SIGNAL)).toBeUndefined()
    expect(await plans.find(anew, registry, other.head.digest, SIGNAL)).toBeUndefined()
  })

  test('S19: name no workload where anybody may read them', async () => {
    const { plans } = process()
    const [policy, registry] = [policyObject(), registryObject({ url: open.url })]
    const plan = await packed()
    const report = await plans.keep(policy, registry, plan, SIGNAL)
    expect(report).toMatchObject({ redacted: true, reference: expect.any(String) })
    expect((await plans.keep(policy, registry, plan, SIGNAL))?.reference).toBe(report?.reference)
    const rows = await fetch(`${open.url}/v2/tallyman/plans/${cluster.namespace}/${name}/tags/list`)
    expect(await rows.json()).toMatchObject({ tags: expect.arrayContaining(['latest', 'plan-1']) })
    const kept = await keptFiles(open.url, `tallyman/plans/${cluster.namespace}/${name}`)
    expect(kept).toContain('something uses it')
    expect(kept).not.toContain(WORKLOAD)
  })

  test('S19: the first plan of a policy names nobody in a registry that refuses what is not there yet', async () => {
    const { plans } = process()
    await plans.keep(policyObject(), closedRegistry(), await packed(), SIGNAL)
    const repository = `tallyman/plans/${cluster.namespace}/${name}`
    expect(await keptFiles(closed.url, repository, 'plan-1')).not.toContain(WORKLOAD)
    expect(await keptFiles(closed.url, repository, 'plan-2')).toContain(WORKLOAD)
  })

  test('are served all the same where the workspace fails, which is told', async () => {
    const { plans, tries, policies } = process()
    const policy = policyObject()
    policies.upsert(policy)
    const plan = await packed()
    const denied = registryObject({ url: front.url, credentials: { pull: SECRET } })
    const report = await plans.keep(policy, denied, plan, SIGNAL)
    expect(report?.message).toMatch(/^The plan is not kept: .*(authori|credential)/i)
    expect(report?.reference).toBeUndefined()
    expect(tries.of(denied)?.problem).toMatch(`The plan of RegistryPolicy ${name} is not kept: `)
    const nowhere = registryObject({ url: open.url, workspace: { registryRef: { name: 'nowhere' } } })
    expect((await plans.keep(policy, nowhere, plan, SIGNAL))?.message).toContain('there is no Registry')
    expect(plans.packed(cluster.namespace, name)?.plan).toBe(plan)
  })

  test('are shown by a process that has not made them, once the status names one, read once however many ask', async () => {
    const { plans } = process()
    const [policy, registry] = [policyObject({ spec: SPEC }), closedRegistry()]
    const plan = await packed({ before: [] })
    const report = await plans.keep(policy, registry, plan, SIGNAL)
    if (report === undefined) throw new Error('the plan is not kept')
    const told = { ...policy, status: { plan: { ...statusPlan(plan.head.digest), report } } }
    const other = process()
    const readBack = () => other.plans.readBack(cluster.namespace, name)
    expect(await readBack()).toBeUndefined()
    other.policies.upsert(told)
    expect(await readBack()).toBeUndefined()

    other.registries.upsert(registry)
    await other.clock.advance(60_000)
    const before = front.requests.length
    const [first, second] = await Promise.all([readBack(), readBack()])
    expect(first).toEqual(plan)
    expect(second).toBe(first)
    const blobs = front.requests.slice(before).filter(({ path }) => path.includes('/blobs/'))
    expect(blobs).toHaveLength(1)
    // A new plan has been told, and its report not yet.
    const at = (resourceVersion: string) => ({ metadata: { ...told.metadata, resourceVersion } })
    other.policies.upsert({ ...told, ...at('2'), status: { plan: { ...statusPlan(WHOSE.rules), report } } })
    expect(await readBack()).toBeUndefined()
    other.policies.upsert({ ...told, ...at('3') })
    expect(await readBack()).toBe(first)
    // What a process has made itself is what it shows and finds.
    const newer = await packed({ repositories: [{ name: 'app', verdicts: [verdict('1', 'evict')] }] })
    await other.plans.keep(told, registry, newer, SIGNAL)
    expect(other.plans.packed(cluster.namespace, name)?.plan).toBe(newer)
  })

  test('are not shown where the status speaks of another plan, or another policy has made them', async () => {
    const { plans } = process()
    const [policy, registry] = [policyObject({ spec: SPEC }), closedRegistry()]
    const plan = await packed()
    const report = await plans.keep(policy, registry, plan, SIGNAL)
    if (report === undefined) throw new Error('the plan is not kept')
    const told = (digest: string, changes: Partial<RegistryPolicyObject> = {}) => ({
      ...{ ...policy, ...changes },
      status: { plan: { ...statusPlan(digest), report } },
    })
    const { metadata } = policy
    for (const shown of [
      told(WHOSE.rules),
      told(plan.head.digest, { metadata: { ...metadata, uid: 'another' } }),
      told(plan.head.digest, { spec: { ...SPEC, registryRef: { name: 'nowhere' } } }),
    ]) {
      const other = process()
      other.registries.upsert(registry)
      other.policies.upsert(shown)
      expect(await other.plans.readBack(cluster.namespace, name)).toBeUndefined()
    }
  })

  test('are asked for again after a minute where the workspace fails', async () => {
    const { plans } = process()
    const [policy, registry] = [policyObject({ spec: SPEC }), closedRegistry()]
    const plan = await packed()
    const report = await plans.keep(policy, registry, plan, SIGNAL)
    if (report === undefined) throw new Error('the plan is not kept')
    const other = process()
    other.registries.upsert(registry)
    other.policies.upsert({ ...policy, status: { plan: { ...statusPlan(plan.head.digest), report } } })
    front.rule({ kind: 'status', status: 404 }, { path: /\/blobs\// })
    expect(await other.plans.readBack(cluster.namespace, name)).toBeUndefined()
    front.clear()
    const asked = front.requests.length
    expect(await other.plans.readBack(cluster.namespace, name)).toBeUndefined()
    expect(front.requests).toHaveLength(asked)
    await other.clock.advance(60_000)
    expect(await other.plans.readBack(cluster.namespace, name)).toEqual(plan)
  })

  test('are not looked for in a workspace that does not answer as if they were not there', async () => {
    const plan = await packed()
    await process().plans.keep(policyObject(), closedRegistry(), plan, SIGNAL)
    front.rule({ kind: 'status', status: 500 }, { path: /\/manifests\/plan-/ })
    await expect(
      process().plans.find(policyObject(), closedRegistry(), plan.head.digest, SIGNAL),
    ).rejects.toMatchObject({ kind: 'unreachable' })
  })

  test('are not kept by who does not lead', async () => {
    const written = writes().length
    const { plans } = process(() => {
      throw new TallymanError('LEADERSHIP_LOST', 'another leads')
    })
    await expect(plans.keep(policyObject(), closedRegistry(), await packed(), SIGNAL)).rejects.toMatchObject({
      code: 'LEADERSHIP_LOST',
    })
    expect(writes()).toHaveLength(written)
  })
})
