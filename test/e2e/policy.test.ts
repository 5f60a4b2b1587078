import { rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IMAGE_INVENTORIES, REGISTRIES, REGISTRY_POLICIES } from '#controllers/resources.ts'
import { trashTag } from '#evict/trash-place.ts'
import { PODS } from '#kube/resource.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { containerImage, imageIndex, LINUX_AMD64 } from '#test/harness/images.ts'
import { pushManifest } from '#test/harness/push.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { StorageLayout } from '#test/harness/storage-layout.ts'
import { tallyman } from '#test/harness/tallyman.ts'
import { eventually } from '#test/harness/wait.ts'
import { settled } from './support/api.ts'
import { scrape, valuesBy } from './support/metrics.ts'
import { basicAuthSecret, imageInventory, pod, registry, registryPolicy } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// A policy as its users meet it: what they apply, what the status says, and what of the registry goes and comes back.

let world: World

beforeAll(async () => {
  world = await startWorld({}, ['--claim-interval', '1500ms'])
})
afterAll(() => world.stop())

const day = (days: number) => new Date(Date.UTC(2026, 0, 1 + days)).toISOString()
const build = (seed: string, age: number) => containerImage({ seed, created: day(-age) })

describe.each(['2.8', '3'] as const)('on distribution %s', (version: RegistryVersion) => {
  let home: string
  let server: TestRegistry
  let front: FaultProxy
  let host: string
  let skopeo: ForeignClient
  const images = {
    v1: build('v1', 50),
    v2: build('v2', 40),
    v3: imageIndex('oci', [{ image: build('v3', 30), platform: LINUX_AMD64 }]),
    v4: build('v4', 20),
    v5: build('v5', 10),
  }
  /** A path of its own: one that is used under any host counts as used here (S06). */
  const cart = `shop${version.replace('.', '-')}/cart`
  const at = (name: string) => ({ namespace: home, name })

  beforeAll(async () => {
    home = await world.namespace(`policy-${version.replace('.', '-')}`)
    server = await startRegistry({ version })
    front = await startFaultProxy({ upstream: server.url })
    host = new URL(front.url).host
    const writer = new StorageWriter(server.storageDir)
    for (const [tag, image] of Object.entries(images)) writer.write(cart, image, tag)
    writer.write(cart, images.v5, 'latest')
    writer.write(cart, images.v1, 'first')
    skopeo = await foreignClient('skopeo', server)
    await world.cluster.apply([
      imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
      registry(at('main'), { url: front.url, workspace: { prefix: 'ops' } }),
      pod(at('cart'), `${host}/${cart}:v2`),
    ])
  })
  afterAll(async () => {
    await front.stop()
    await server.stop()
    await skopeo.close()
  })

  const direct = (image: string) => `${new URL(server.url).host}/${image}`
  const tagsOf = () => skopeo.tags(direct(cart))
  const policy = () => world.api.policy(at('main'))
  const told = (event: string) =>
    eventually(
      async () =>
        (await world.api.events('RegistryPolicy', at('main'))).some(({ reason }) => reason === event),
      { message: `the event ${event}` },
    )
  const LIMITS = { limits: { minImagesInUse: 1, maxEvictionPercent: 90 } }

  test('a first plan says what could go and why, and deletes nothing', async () => {
    const before = front.requests.length
    const rules = [
      { name: 'typo', repositories: ['shpo*/**'], keep: { all: true } },
      { name: 'newest', repositories: ['**'], keep: { newest: 1 } },
    ]
    await world.cluster.apply([registryPolicy(at('main'), { ...LIMITS, rules })])
    const says = /; mode DryRun deletes nothing\. Note: rule typo matches no repository of the registry$/
    await settled(policy, { Ready: 'True Succeeded', PlanReady: ['True Planned', says] })
    const { status } = await policy()
    expect(status?.plan).toMatchObject({ repositories: 1, tags: 7, keep: 3, evict: 4, untag: 0 })
    expect(status?.plan).toMatchObject({ unmatchedRules: ['typo'] })
    const hours = (Date.parse(status?.nextPlanTime ?? '') - Date.parse(status?.plan?.time ?? '')) / 3_600_000
    expect(hours).toBeGreaterThan(22)
    expect(hours).toBeLessThanOrEqual(24)
    await told('RulesUnmatched')
    expect(status?.evictions?.map(({ image, action, rule }) => `${image} ${action} ${rule}`)).toEqual([
      `${host}/${cart}:first Evict newest`,
      `${host}/${cart}:v1 Evict newest`,
      `${host}/${cart}:v3 Evict newest`,
      `${host}/${cart}:v4 Evict newest`,
    ])
    const writes = front.requests.slice(before).filter(({ method, path }) => {
      return !['GET', 'HEAD'].includes(method) && !path.startsWith('/v2/ops/')
    })
    expect(writes).toEqual([])
    expect([...(await tagsOf())].sort()).toEqual(['first', 'latest', 'v1', 'v2', 'v3', 'v4', 'v5'])
    const page = await fetch(`${world.operatorUrl}/plans/${home}/main/plan.json`)
    expect(await page.json()).toMatchObject({
      ...{ digest: status?.plan?.digest, summary: { evict: 4 }, unmatchedRules: ['typo'] },
    })
    await world.api.checkRules(home)
  })

  test('S12: an approved plan is carried out once, without what is used by now', async () => {
    const digest = (await policy()).status?.plan?.digest
    await world.cluster.apply([pod(at('late'), `${host}/${cart}:v4`)])
    const spec = { mode: 'Approve', approvedPlan: digest, onEvict: 'Delete' }
    await world.api.plan(at('main'), { spec })
    await eventually(async () => (await policy()).status?.run?.finishedAt !== undefined, {
      message: 'the end of the run',
      timeoutMs: 60_000,
    })
    const { status } = await policy()
    expect(status?.run).toMatchObject({ phase: 'Succeeded', plan: digest, cause: 'Approved', untagged: 3 })
    expect(status?.approval).toMatchObject({ state: 'Used', plan: digest })
    expect(status?.garbage).toMatchObject({ message: expect.stringContaining('garbage-collect') })
    const manifests = images.v1.manifest.bytes.length + images.v3.manifest.bytes.length
    expect(status?.garbage?.sweptBytes).toBeGreaterThan(manifests)
    expect([...(await tagsOf())].sort()).toEqual(['latest', 'v2', 'v4', 'v5'])
    for (const tag of ['v2', 'v4', 'v5']) await skopeo.pull(direct(`${cart}:${tag}`))

    await eventually(async () => (await policy()).status?.plan?.evict === 0, {
      message: 'a plan of what is left',
    })
    const again = await world.api.plan(at('main'))
    expect(again.status?.approval).toMatchObject({ state: 'Used' })
    expect(again.status?.run?.id).toBe(status?.run?.id)
  })

  test('S10: what it took away and somebody pushes again is young', async () => {
    await pushManifest(server, cart, images.v1.manifest, 'first')
    const keeping = (keep: object) => ({ spec: { rules: [{ name: 'newest', repositories: ['**'], keep }] } })
    const young = await world.api.plan(at('main'), keeping({ newest: 1 }))
    expect(young.status?.plan).toMatchObject({ tags: 5, evict: 0 })
    await eventually(
      async () => {
        const strict = await world.api.plan(at('main'), keeping({ newest: 1, youngerThan: '1s' }))
        return strict.status?.plan?.evict === 1
      },
      { message: 'that it is old enough for another rule' },
    )
    const path = `/v2/${cart}/manifests/${images.v1.manifest.digest}`
    expect(await server.wire.send({ method: 'DELETE', path })).toMatchObject({ status: 202 })
    const after = await world.api.plan(at('main'), keeping({ newest: 1 }))
    expect(after.status?.plan).toMatchObject({ tags: 4, evict: 0 })
  })

  test('S14: what is in use without a tag, and a tag that somebody else removed, are told by name', async () => {
    await pushManifest(server, cart, images.v5.manifest, 'extra')
    const bare = build('bare', 60)
    new StorageWriter(server.storageDir).write(cart, bare)
    await world.cluster.apply([pod(at('bare'), `${host}/${cart}@${bare.manifest.digest}`)])
    const found = await world.api.plan(at('main'))
    expect(found.status?.plan).toMatchObject({
      ...{ tags: 5, untaggedInUse: 1 },
      untaggedInUseFirst: [`${host}/${cart}@${bare.manifest.digest}`],
    })
    expect(found.status).not.toHaveProperty('lostOutside')
    await told('UntaggedInUse')

    const stored = new StorageLayout(server.storageDir).repository(cart)
    await rm(path.join(stored, '_manifests/tags/extra'), { recursive: true })
    const missing = await world.api.plan(at('main'))
    const { plan, lostOutside } = missing.status ?? {}
    const tags = [`${host}/${cart}:extra (${images.v5.manifest.digest})`]
    expect(lostOutside).toEqual({ time: plan?.time, count: 1, tags })
    await told('LostOutside')
    const labels = { namespace: home, name: 'main' }
    const metrics = await scrape(world.operatorUrl)
    expect(valuesBy(metrics, 'tallyman_policy_lost_outside_timestamp_seconds', labels, ['name'])).toEqual({
      main: Date.parse(plan?.time ?? '') / 1_000,
    })
    expect(valuesBy(metrics, 'tallyman_policy_untagged_in_use', labels, ['name'])).toEqual({ main: 1 })
    expect((await world.api.plan(at('main'))).status?.lostOutside).toEqual(lostOutside)
    await world.api.delete(PODS, at('bare'))
  })

  test('S04: what comes into use again is back within ten seconds, and the policy waits for a human', async () => {
    const startedAt = Date.now()
    await world.cluster.apply([pod(at('back'), `${host}/${cart}:v3`)])
    await eventually(async () => (await tagsOf()).includes('v3'), { message: 'v3 back', timeoutMs: 10_000 })
    await skopeo.pull(direct(`${cart}:v3`))
    expect(Date.now() - startedAt).toBeLessThan(10_000)
    await told('EvictedInUse')
    const restorations = await eventually(async () => (await policy()).status?.restorations, {
      message: 'what the status says of it',
    })
    expect(restorations).toMatchObject([{ image: `${host}/${cart}:v3`, cause: 'InUse', outcome: 'Restored' }])
    // Before any other plan is due.
    await settled(policy, { PlanReady: ['False Held', /spec\.releaseHold: hold-/] })
  })

  test('spec.restore brings back what was evicted, and keeps it; what it names in vain is said', async () => {
    const restore = [
      { repository: `${host}/${cart}`, tag: 'v1' },
      { repository: cart, tag: 'v9' },
    ]
    const spec = { restore }
    const { status } = await world.api.plan(at('main'), { spec })
    expect(status?.restorations).toContainEqual(
      expect.objectContaining({ image: `${host}/${cart}:v1`, cause: 'Asked', outcome: 'Restored' }),
    )
    expect(await tagsOf()).toContain('v1')
    expect(status?.plan).toMatchObject({ evict: 0 })
    await skopeo.pull(direct(`${cart}:v1`))
    expect(status?.unmatchedRestores).toEqual([`${cart}:v9`])
    await told('NothingToRestore')
    // Who asks sees nothing of that: only the plan knows.
    const why = [
      'why',
      `${host}/${cart}:v1`,
      '--kubeconfig',
      world.cluster.adminKubeconfig,
      '--no-ledger',
      '-q',
    ]
    expect((await tallyman(why)).stdout).toMatch(
      new RegExp(` ${cart}:v1 {2}kept: it was restored, and stays until .* {2}as its plan of .* UTC says\\n`),
    )
    await world.api.delete(PODS, at('back'))
  })

  test('S04: it is held until the token of the hold is in its spec, and then for good', async () => {
    const held = async () => {
      const { conditions = [] } = (await policy()).status ?? {}
      return conditions.find(({ type, reason }) => type === 'PlanReady' && reason === 'Held')?.message
    }
    const wrong = { approvedPlan: `sha256:${'0'.repeat(64)}`, releaseHold: 'hold-000000000000' }
    const { status } = await world.api.plan(at('main'), { spec: { soak: '2s', ...wrong } })
    expect(status?.hold).toMatchObject({ refusedToken: wrong.releaseHold })
    expect(status?.approval).toMatchObject({ state: 'Unknown', plan: wrong.approvedPlan })
    await told('HoldNotReleased')
    await told('ApprovalVoid')
    const releaseHold = /spec\.releaseHold: (hold-[0-9a-f]{12})/.exec((await held()) ?? '')?.[1]
    expect(status?.hold).toMatchObject({ token: releaseHold })
    const released = await world.api.plan(at('main'), { spec: { approvedPlan: null, releaseHold } })
    expect(await held()).toBeUndefined()
    expect(released.status).not.toHaveProperty('hold')
    await world.api.plan(at('main'), { spec: { releaseHold: null } })
    expect(await held()).toBeUndefined()
  })

  test('S18: with Trash a copy is made first, and the image goes in a later run, when the copy is old enough', async () => {
    const spec = {
      ...{ mode: 'Enforce', soak: '1h', interval: '1s', onEvict: 'Trash', trash: { gcWindow: '3s' } },
      ...{
        restore: null,
        rules: [{ name: 'two', repositories: ['**'], keep: { tags: ['v5', 'latest'], youngerThan: '1s' } }],
      },
    }
    const writer = new StorageWriter(server.storageDir)
    for (const tag of ['w1', 'w2']) writer.write(cart, build(tag, 60), tag)
    await world.api.patch(REGISTRY_POLICIES, at('main'), { spec })
    const waiting = await eventually(async () => (await policy()).status?.plan?.soak, {
      message: 'what waits for the end of its soak',
      timeoutMs: 60_000,
    })
    expect(waiting).toMatchObject({ waiting: 2 })
    expect(Date.parse(waiting?.firstAt ?? '')).toBeGreaterThan(Date.now() + 3_000_000)
    await settled(policy, { PlanReady: ['True Planned', /; 2 of them wait for spec\.soak.* until 2.*Z/] })
    expect((await policy()).status).not.toHaveProperty('unmatchedRestores')
    await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { soak: '1s' } })
    const phases = new Set<string>()
    await eventually(
      async () => {
        const { run } = (await policy()).status ?? {}
        phases.add(run?.phase ?? '')
        return run?.cause === 'Enforced' && run.finishedAt !== undefined ? run : undefined
      },
      { message: 'the end of the run', timeoutMs: 90_000 },
    )
    expect(phases).toContain('WaitingForGarbageCollection')
    const tags = await tagsOf()
    for (const tag of ['w1', 'w2']) expect(tags).not.toContain(tag)
    for (const tag of ['v1', 'v2', 'v3', 'v4', 'v5']) expect(tags).toContain(tag)
    const { status } = await policy()
    expect(status?.run).toMatchObject({ phase: 'Succeeded', untagged: 2, swept: 2, trashed: 2 })
    expect(status?.history?.map(({ phase }) => phase)).toEqual(['Succeeded', 'Succeeded'])
    await world.api.checkRules(home)
  })

  // That journals go from either is in run-purge.test.ts; this is half a minute.
  if (version === '2.8') {
    test('S19: after trash.retainFor copies and journal of a run go; one of which something was brought back stays', async () => {
      const journals = async () =>
        (await skopeo.tags(direct(`ops/journals/${cart}`))).filter((run) => !run.endsWith('.restored'))
      const second = (await policy()).status?.run?.id ?? ''
      const first = (await journals()).filter((run) => run !== second)
      expect(first).toHaveLength(1)
      new StorageWriter(server.storageDir).write(cart, build('w3', 60), 'w3')
      await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { trash: { retainFor: '1s' } } })
      await eventually(async () => !(await journals()).includes(second), {
        message: 'the journal to be gone',
        timeoutMs: 90_000,
      })
      const third = (await policy()).status?.run?.id ?? ''
      expect((await journals()).sort()).toEqual([...first, third].sort())
      const copies = await skopeo.tags(direct(`ops/trash/${cart}/1`))
      expect(copies).not.toContain(trashTag(build('w1', 60).manifest.digest))
      await world.api.checkRules(home)
    })
  }

  test('S21: deleting the policy deletes nothing from the registry', async () => {
    const before = await tagsOf()
    await world.api.delete(REGISTRY_POLICIES, at('main'))
    await eventually(async () => !(await world.api.exists(REGISTRY_POLICIES, at('main'))), {
      message: 'the policy to be gone',
    })
    const writes = front.requests.length
    await world.api.request(REGISTRIES, at('main'))
    await eventually(() => front.requests.length > writes, { message: 'the registry to be asked again' })
    expect(front.requests.slice(writes).filter(({ method }) => method === 'DELETE')).toEqual([])
    expect(await tagsOf()).toEqual(before)
  })
})

describe('with an account for each right', () => {
  const ACCOUNTS = { pull: 'looker', push: 'writer', delete: 'remover' }
  const READS = ['GET', 'HEAD']
  const repository = 'rights/cart'
  let home: string
  let server: TestRegistry
  let front: FaultProxy
  const at = (name: string) => ({ namespace: home, name })
  const policy = (name: string) => world.api.policy(at(name))
  const deletes = { method: 'DELETE', path: new RegExp(`^/v2/${repository}/`) }

  beforeAll(async () => {
    home = await world.namespace('rights')
    const { pull: username, ...others } = ACCOUNTS
    const auth = { kind: 'basic', username, password: 'p', others: Object.values(others) } as const
    server = await startRegistry({ version: '2.8', auth })
    front = await startFaultProxy({ upstream: server.url })
    // The accounts of the registry may do everything; those of a token server could not.
    const refuses = (right: 'pull' | 'push' | 'delete', methods: readonly string[]) =>
      front.rule(
        { kind: 'status', status: 403 },
        { where: ({ account, method }) => account === ACCOUNTS[right] && methods.includes(method) },
      )
    refuses('pull', ['POST', 'PUT', 'PATCH', 'DELETE'])
    refuses('push', ['DELETE'])
    refuses('delete', ['POST', 'PUT', 'PATCH'])
    const writer = new StorageWriter(server.storageDir)
    for (const age of [1, 2, 3, 4, 5, 6]) writer.write(repository, build(`rights ${age}`, age), `v${age}`)
    const secrets = Object.entries(ACCOUNTS).map(([right, name]) => basicAuthSecret(at(right), name, 'p'))
    const credentials = (...rights: readonly string[]) =>
      Object.fromEntries(rights.map((right) => [right, { secretRef: { name: right } }]))
    await world.cluster.apply([
      ...secrets,
      imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
      registry(at('seen'), { url: front.url, credentials: credentials('pull') }),
      registry(at('main'), {
        ...{ url: front.url, workspace: { prefix: 'ops' } },
        credentials: credentials('pull', 'push', 'delete'),
      }),
      pod(at('cart'), `${new URL(front.url).host}/${repository}:v1`),
    ])
  })
  afterAll(async () => {
    await front.stop()
    await server.stop()
  })

  const LIMITS = { limits: { minImagesInUse: 1 } }

  test('S19: a plan takes the account that may pull, and nothing else', async () => {
    await world.cluster.apply([registryPolicy(at('seen'), { ...LIMITS, registryRef: { name: 'seen' } })])
    await settled(() => policy('seen'), { Ready: 'True Succeeded', PlanReady: 'True Planned' })
    expect((await policy('seen')).status?.plan).toMatchObject({ tags: 6, evict: 5 })
    const asked = front.requests.filter(({ account }) => account === ACCOUNTS.pull)
    expect(asked.length).toBeGreaterThan(6)
    expect(asked.filter(({ method }) => !READS.includes(method))).toEqual([])
    expect(front.requests.filter(({ account }) => account === ACCOUNTS.delete)).toEqual([])
  })

  test('S11: over its limit nothing goes, with Enforce neither, until a human approves that very plan', async () => {
    const spec = { ...LIMITS, mode: 'Enforce', soak: '1ms', onEvict: 'Delete' }
    await world.cluster.apply([registryPolicy(at('main'), spec)])
    const tooMany = /5 of 6 .*Who approves .* accepts that$/
    await settled(() => policy('main'), { PlanReady: ['False PlanBlocked', tooMany] })
    const again = await world.api.plan(at('main'))
    expect(again.status?.blocks).toContainEqual(
      expect.objectContaining({ code: 'TooManyEvictions', approvable: true }),
    )
    expect(again.status).not.toHaveProperty('run')
  })

  test('S21: a run that is suspended stops between two requests, and goes on when it may', async () => {
    const slow = front.rule({ kind: 'delay', ms: 400, at: 'request' }, deletes)
    const going = front.counter(deletes)
    const digest = (await policy('main')).status?.plan?.digest
    await world.api.plan(at('main'), { spec: { mode: 'Approve', approvedPlan: digest } })
    await going.reached(4)
    await eventually(
      async () => {
        const { done = 0, left = 0 } = (await policy('main')).status?.run ?? {}
        return left > 0 && done + left === 5
      },
      { message: 'what the status says of how far it is' },
    )
    await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { suspend: true } })
    const stopped = await eventually(
      async () => {
        const { run } = (await policy('main')).status ?? {}
        return run?.phase === 'Stopped' ? run : undefined
      },
      { message: 'the run to stop', timeoutMs: 60_000 },
    )
    const before = going.count
    expect(before).toBeLessThan(10)
    expect(stopped).toMatchObject({ plan: digest, message: expect.stringContaining('spec.suspend is true') })
    await eventually(async () => (await policy('main')).status?.nextPlanTime === undefined, {
      message: 'no plan that is due',
    })
    await world.api.request(REGISTRIES, at('main'))
    expect(going.count).toBe(before)
    slow()
    await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { suspend: false } })
    const run = await eventually(
      async () => {
        const { run: latest } = (await policy('main')).status ?? {}
        return latest?.finishedAt === undefined ? undefined : latest
      },
      { message: 'the end of the run', timeoutMs: 60_000 },
    )
    expect(run).toMatchObject({ phase: 'Succeeded', id: stopped.id, untagged: 5, swept: 5 })
    expect(going.count).toBeGreaterThan(before)
  })

  test('S19: it looked, wrote and deleted with an account for each', () => {
    const methodsOf = (account: string) =>
      new Set(front.requests.filter((each) => each.account === account).map(({ method }) => method))
    const writes = front.requests.filter(({ method, status }) => !READS.includes(method) && status !== 401)
    expect(new Set(writes.map(({ account }) => account))).toEqual(new Set([ACCOUNTS.push, ACCOUNTS.delete]))
    expect([...methodsOf(ACCOUNTS.pull)].filter((method) => !READS.includes(method))).toEqual([])
    expect(methodsOf(ACCOUNTS.push)).toContain('PUT')
    expect(methodsOf(ACCOUNTS.push)).not.toContain('DELETE')
    const removed = front.requests.filter(({ account }) => account === ACCOUNTS.delete)
    // Whether the registry answers is asked with each account.
    const others = removed.filter(({ method, path }) => method !== 'DELETE' && path !== '/v2/')
    expect(others).toEqual([])
    expect(writes.filter(({ method, status }) => method === 'DELETE' && status === 202)).not.toEqual([])
  })
})

describe('a policy that cannot work', () => {
  let home: string
  let server: TestRegistry
  const at = (name: string) => ({ namespace: home, name })
  const settledPolicy = (name: string, expected: Parameters<typeof settled>[1]) =>
    settled(() => world.api.policy(at(name)), expected)

  beforeAll(async () => {
    home = await world.namespace('refused')
    server = await startRegistry({ version: '3' })
    await world.cluster.apply([
      registry(at('main'), { url: server.url, workspace: {} }),
      registry(at('cache'), { url: server.url, pullThrough: true }),
      registry(at('down'), { url: 'http://127.0.0.1:1' }),
      registry(at('sealed'), { url: server.url, credentials: { pull: { secretRef: { name: 'nobody' } } } }),
    ])
    for (const name of ['main', 'cache']) {
      await settled(() => world.api.registry(at(name)), { Ready: 'True Succeeded' })
    }
    await settled(() => world.api.registry(at('down')), { Ready: 'False Unreachable' })
  })
  afterAll(() => server.stop())

  test.each([
    [
      'a registry that is not there',
      { registryRef: { name: 'nobody' } },
      'False RegistryNotFound',
      /refused\/nobody/,
    ],
    [
      'an inventory that is not there',
      { inventoryRef: { name: 'nobody' } },
      'False InventoryNotFound',
      /refused\/nobody/,
    ],
    ['a pull-through cache (S23)', { registryRef: { name: 'cache' } }, 'False PullThrough', /pullThrough/],
    [
      'a rule that asks for more than the inventory remembers (S02)',
      { rules: [{ name: 'long', repositories: ['**'], keep: { newest: 1, inUseWithin: '90d' } }] },
      'False RetainsTooLittle',
      /long asks for use within 90 d, .*\/all remembers 31 d/,
    ],
    [
      'a schedule that never comes',
      { schedule: '0 0 31 2 *' },
      'False SpecInvalid',
      /spec\.schedule: "0 0 31 2 \*" never comes: .*name a day that there is/,
    ],
    [
      'a rule that keeps nothing (S13)',
      { rules: [{ name: 'none', repositories: ['**'], keep: {} }] },
      'False SpecInvalid',
      /spec\.rules\[0\]\.keep/,
    ],
  ])('says so: %s', async (title, spec, ready, says) => {
    const name = `p${title.length}`
    await world.cluster.apply([registryPolicy(at(name), spec)])
    await settledPolicy(name, { Ready: [ready, says] })
    await world.api.checkRules(home)
    await world.api.delete(REGISTRY_POLICIES, at(name))
  })

  test.each([
    ['does not answer', 'down', 'Unknown RegistryUnreachable', /^Registry down: /],
    [
      'is opened with a Secret that is missing',
      'sealed',
      'Unknown SecretNotFound',
      /"nobody" does not exist/,
    ],
  ])(
    'keeps trying where the registry %s, and is accepted all the same (S25)',
    async (_, name, verdict, says) => {
      await world.cluster.apply([registryPolicy(at(`lost-${name}`), { registryRef: { name } })])
      await settledPolicy(`lost-${name}`, { Ready: 'True Succeeded', PlanReady: [verdict, says] })
      await world.api.delete(REGISTRY_POLICIES, at(`lost-${name}`))
    },
  )

  test('S01: two that may delete in the same repositories both stop, and go on when one is out of the way', async () => {
    const mode = { mode: 'Approve' }
    await world.cluster.apply([registryPolicy(at('one'), mode), registryPolicy(at('two'), mode)])
    for (const [name, other] of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      await settledPolicy(name, { Stalled: ['True PolicyConflict', new RegExp(`refused/${other} `)] })
      await eventually(
        async () =>
          (await world.api.events('RegistryPolicy', at(name))).some(
            ({ reason }) => reason === 'PolicyConflict',
          ),
        { message: `the event PolicyConflict of ${name}` },
      )
      const events = await world.api.events('RegistryPolicy', at(name))
      expect(events.map(({ reason }) => reason)).not.toContain('SpecInvalid')
    }
    await world.api.checkRules(home)
    await world.api.patch(REGISTRY_POLICIES, at('two'), { spec: { suspend: true } })
    await settledPolicy('one', { Ready: 'True Succeeded', Stalled: undefined })
  })

  test('S05: an ImageInventory that was deleted lets nothing go until what it remembered is deleted as the message says', async () => {
    await world.cluster.apply([imageInventory(at('edge'))])
    await settled(() => world.api.inventory(at('edge')), { Ready: 'True Succeeded' })
    await world.api.delete(IMAGE_INVENTORIES, at('edge'))
    await world.api.patch(REGISTRY_POLICIES, at('one'), { spec: { interval: '2h' } })
    const blocked = /ImageInventory \S+\/edge is gone, .*: kubectl (.+tallyman\.dev\/ledger=[a-z0-9-]+)/
    await settledPolicy('one', { PlanReady: ['False PlanBlocked', blocked] })
    const { status } = await world.api.policy(at('one'))
    const said = status?.conditions?.find(({ type }) => type === 'PlanReady')?.message ?? ''
    await world.cluster.kubectl((blocked.exec(said)?.[1] ?? '').split(' '))
    await world.api.patch(REGISTRY_POLICIES, at('one'), { spec: { interval: '3h' } })
    await settledPolicy('one', { PlanReady: ['False PlanBlocked', /^(?!.*edge is gone)/] })
  })
})
