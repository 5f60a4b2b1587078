import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { named } from '#test/harness/pull.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { settled } from './support/api.ts'
import { imageInventory, pod, registry, registryPolicy } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// When a policy with a schedule may delete, by the built operator.

const REPOSITORY = 'shop/cart'
const TAGS = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']

let world: World
let server: TestRegistry
let front: FaultProxy
let home: string
const at = (name: string) => ({ namespace: home, name })
const policy = () => world.api.policy(at('main'))

beforeAll(async () => {
  world = await startWorld({}, ['--claim-interval', '1500ms'])
  home = await world.namespace('windows')
  server = await startRegistry({ version: '3' })
  front = await startFaultProxy({ upstream: server.url })
  const writer = new StorageWriter(server.storageDir)
  for (const [day, tag] of TAGS.entries()) {
    const created = new Date(Date.UTC(2026, 0, 1 + day)).toISOString()
    writer.write(REPOSITORY, containerImage({ seed: `window/${tag}`, created }), tag)
  }
  await world.cluster.apply([
    imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
    registry(at('main'), { url: front.url, workspace: { prefix: 'ops' } }),
    pod(at('cart'), `${front.host}/${REPOSITORY}:v6`),
    registryPolicy(at('main'), {
      ...{ limits: { minImagesInUse: 1, maxEvictionPercent: 90 }, mode: 'Approve', onEvict: 'Delete' },
      // The next one is at the end of February in a leap year.
      ...{ schedule: '0 3 29 2 *', timeZone: 'Europe/Berlin', maxDuration: '10s' },
    }),
  ])
})
afterAll(async () => {
  await world.stop()
  await front.stop()
  await server.stop()
})

/** Tags of the repository that name something. */
async function tags(): Promise<string[]> {
  const digests = await Promise.all(TAGS.map((tag) => named(server.wire, REPOSITORY, tag)))
  return TAGS.filter((_, index) => digests[index] !== undefined)
}

test('S21: outside of its windows nothing goes, a request opens one, and what maxDuration cuts off goes in the next, by the same run', async () => {
  await settled(policy, { PlanReady: ['False PlanBlocked', /Who approves .* accepts that$/] })
  const deletes = { method: 'DELETE', path: new RegExp(`^/v2/${REPOSITORY}/`) }
  const sent = front.counter(deletes)
  const approvedPlan = (await policy()).status?.plan?.digest
  await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { approvedPlan } })
  const says = /^It is carried out in the next window of spec\.schedule, from 2028-02-29T02:00:00Z on/
  const waiting = await eventually(
    async () => {
      const { status } = await policy()
      return says.test(status?.approval?.message ?? '') ? status : undefined
    },
    { message: 'what is said of the approval' },
  )
  expect(waiting.approval).toMatchObject({ plan: approvedPlan, state: 'Pending' })
  expect(waiting.run).toBeUndefined()
  expect(sent.count).toBe(0)

  const callOff = front.rule({ kind: 'delay', ms: 4_000, at: 'request' }, deletes)
  await world.api.plan(at('main'))
  const cut = await eventually(
    async () => {
      const { run } = (await policy()).status ?? {}
      return run?.resumesAt === undefined ? undefined : run
    },
    { message: 'that the window ends', timeoutMs: 60_000 },
  )
  expect(cut).toMatchObject({
    ...{ plan: approvedPlan, resumesAt: '2028-02-29T02:00:00Z' },
    message: expect.stringContaining('maxDuration'),
  })
  expect(cut.finishedAt).toBeUndefined()
  expect(cut.untagged + cut.swept).toBeLessThan(10)
  const before = sent.count
  callOff()

  await eventually(
    async () => {
      await world.api.plan(at('main'))
      return (await policy()).status?.run?.finishedAt !== undefined
    },
    { message: 'the end of the run', timeoutMs: 120_000 },
  )
  expect((await policy()).status?.run).toMatchObject({
    id: cut.id,
    phase: 'Succeeded',
    untagged: 5,
    swept: 5,
  })
  expect(sent.count).toBeGreaterThan(before)
  expect(await tags()).toEqual(['v6'])
})
