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

// A change of the spec that ends a run of a policy, while the run has done harm that nobody has seen yet.

const REPOSITORY = 'shop/cart'
const TAGS = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']

let world: World
let server: TestRegistry
let front: FaultProxy
let skopeo: ForeignClient
let home: string
const at = (name: string) => ({ namespace: home, name })
const policy = () => world.api.policy(at('main'))

beforeAll(async () => {
  ;[world, server] = await Promise.all([
    startWorld({}, ['--claim-interval', '1500ms']),
    startRegistry({ version: '2.8' }),
  ])
  skopeo = await foreignClient('skopeo', server)
  front = await startFaultProxy({ upstream: server.url })
  home = await world.namespace('given-up')
  const writer = new StorageWriter(server.storageDir)
  for (const [day, tag] of TAGS.entries()) {
    const created = new Date(Date.UTC(2026, 0, 1 + day)).toISOString()
    writer.write(REPOSITORY, containerImage({ seed: tag, created }), tag)
  }
  await world.cluster.apply([
    imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
    registry(at('main'), { url: front.url, workspace: { prefix: 'ops' } }),
    pod(at('cart'), `${new URL(front.url).host}/${REPOSITORY}:v6`),
  ])
})
afterAll(async () => {
  await world.stop()
  await skopeo.close()
  await front.stop()
  await server.stop()
})

test('S44: a run that a change of the spec ends is looked at: what it harmed is back, and the policy waits for a human', async () => {
  const limits = { minImagesInUse: 1, maxEvictionPercent: 90 }
  await world.cluster.apply([registryPolicy(at('main'), { limits, mode: 'Approve', onEvict: 'Delete' })])
  await settled(policy, { PlanReady: ['False PlanBlocked', /Who approves .* accepts that$/] })
  const deletes = { method: 'DELETE', path: new RegExp(`^/v2/${REPOSITORY}/`) }
  front.rule({ kind: 'delay', ms: 400, at: 'request' }, deletes)
  const going = front.counter(deletes)
  const approvedPlan = (await policy()).status?.plan?.digest
  await world.api.plan(at('main'), { spec: { approvedPlan } })
  await going.reached(4)
  damage('layer-link-missing', { storageDir: server.storageDir, repository: REPOSITORY, reference: 'v6' })
  await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { mode: 'DryRun' } })

  const run = await eventually(
    async () => {
      const { run: latest } = (await policy()).status ?? {}
      return latest?.finishedAt === undefined ? undefined : latest
    },
    { message: 'the end of the run' },
  )
  expect(run).toMatchObject({ plan: approvedPlan, phase: 'Superseded' })
  expect(run.message).toMatch(/^spec\.mode is DryRun by now; .*shop\/cart:v6 .* is not whole any more/)
  expect((await policy()).status?.hold).toMatchObject({ because: expect.stringContaining('shop/cart:v6') })
  const left = await skopeo.tags(`${server.host}/${REPOSITORY}`)
  expect([...left].sort()).toEqual(TAGS)
})
