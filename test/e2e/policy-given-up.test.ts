import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { settled } from './support/api.ts'
import { imageInventory, pod, registry, registryPolicy } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// What ends a run of a policy, while the run has done harm that nobody has seen yet.

const REPOSITORY = 'shop/cart'
const TAGS = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']
const LIMITS = { minImagesInUse: 1, maxEvictionPercent: 90 }
const POLICY = { limits: LIMITS, mode: 'Approve', onEvict: 'Delete' }

let world: World
let home: string
const at = (name: string) => ({ namespace: home, name })
const shops: Shop[] = []

beforeAll(async () => {
  world = await startWorld({}, ['--claim-interval', '1500ms'])
  home = await world.namespace('given-up')
  await world.cluster.apply([imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] })])
})
afterAll(async () => {
  await world.stop()
  await Promise.all(shops.map(({ stop }) => stop()))
})

interface Shop {
  readonly name: string
  readonly server: TestRegistry
  readonly front: FaultProxy
  readonly skopeo: ForeignClient
  readonly stop: () => Promise<void>
}

/** A registry of which v6 is used, with a policy whose approved plan is being carried out, and has just harmed v6. */
async function harming(name: string): Promise<Shop & { readonly approvedPlan: string | undefined }> {
  const server = await startRegistry({ version: '2.8' })
  const skopeo = await foreignClient('skopeo', server)
  const front = await startFaultProxy({ upstream: server.url })
  const stop = async () => {
    await skopeo.close()
    await front.stop()
    await server.stop()
  }
  const shop = { name, server, front, skopeo, stop }
  shops.push(shop)
  const writer = new StorageWriter(server.storageDir)
  for (const [day, tag] of TAGS.entries()) {
    const created = new Date(Date.UTC(2026, 0, 1 + day)).toISOString()
    writer.write(REPOSITORY, containerImage({ seed: tag, created }), tag)
  }
  const policy = () => world.api.policy(at(name))
  await world.cluster.apply([
    registry(at(name), { url: front.url, workspace: { prefix: 'ops' } }),
    pod(at(name), `${new URL(front.url).host}/${REPOSITORY}:v6`),
    registryPolicy(at(name), { ...POLICY, registryRef: { name } }),
  ])
  await settled(policy, { PlanReady: ['False PlanBlocked', /Who approves .* accepts that$/] })
  const deletes = { method: 'DELETE', path: new RegExp(`^/v2/${REPOSITORY}/`) }
  front.rule({ kind: 'delay', ms: 400, at: 'request' }, deletes)
  const going = front.counter(deletes)
  const approvedPlan = (await policy()).status?.plan?.digest
  await world.api.plan(at(name), { spec: { approvedPlan } })
  await going.reached(4)
  damage('layer-link-missing', { storageDir: server.storageDir, repository: REPOSITORY, reference: 'v6' })
  return { ...shop, approvedPlan }
}

/** Waits until a run is over. @returns what the status says of it, and of the hold, and the tags that are there then */
async function afterwards({ name, server, skopeo }: Shop) {
  const status = await eventually(
    async () => {
      const { status: latest } = await world.api.policy(at(name))
      return latest?.run?.finishedAt === undefined ? undefined : latest
    },
    { message: 'the end of the run', timeoutMs: 120_000 },
  )
  const tags = await skopeo.tags(`${server.host}/${REPOSITORY}`)
  return { run: status.run, hold: status.hold, tags: [...tags].sort() }
}

test('S44: a run that a change of the spec ends is looked at: what it harmed is back, and the policy waits for a human', async () => {
  const shop = await harming('changed')
  await world.api.patch(REGISTRY_POLICIES, at('changed'), { spec: { mode: 'DryRun' } })
  const { run, hold, tags } = await afterwards(shop)
  expect(run).toMatchObject({ plan: shop.approvedPlan, phase: 'Superseded' })
  expect(run?.message).toMatch(/^spec\.mode is DryRun by now; .*shop\/cart:v6 .* is not whole any more/)
  expect(hold).toMatchObject({ because: expect.stringContaining('shop/cart:v6') })
  expect(tags).toEqual(TAGS)
})

test('S21, S44: so is a run whose policy is deleted and made anew with the same approval, and it does not go on', async () => {
  const shop = await harming('anew')
  const { approvedPlan } = shop
  await world.api.delete(REGISTRY_POLICIES, at('anew'))
  await eventually(async () => !(await world.api.exists(REGISTRY_POLICIES, at('anew'))), {
    message: 'the policy to be gone',
  })
  await world.cluster.apply([
    registryPolicy(at('anew'), { ...POLICY, registryRef: { name: 'anew' }, approvedPlan }),
  ])
  const { run, hold, tags } = await afterwards(shop)
  expect(run).toMatchObject({ plan: approvedPlan, phase: 'Superseded' })
  expect(run?.message).toMatch(/^another policy of this name has begun it; .*shop\/cart:v6 /)
  expect(hold).toMatchObject({ because: expect.stringContaining('shop/cart:v6') })
  expect(tags).toEqual(TAGS)
})
