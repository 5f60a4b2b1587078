import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageInventory } from '#test/e2e/support/objects.ts'
import { startWorld, type World } from '#test/e2e/support/world.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import { startNode, type TestNode } from '#test/harness/node.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageLayout } from '#test/harness/storage-layout.ts'
import { eventually } from '#test/harness/wait.ts'
import { Fleet, type Uses } from './support/fleet.ts'
import { type Shop, stockShop, tagsOf } from './support/shop.ts'
import { policyObjects } from './support/shop-policy.ts'

// The last word is a pull: what a policy leaves is what a real node needs that has none of it.

let world: World
let servers: TestRegistry[]
let shops: Shop[]
let node: TestNode
let fleet: Fleet
let namespace: string

const startOwnNode = () =>
  startNode(world.cluster, {
    registries: shops.map(({ host, server }) => ({ host, url: server.url, caPem: server.caPem })),
  })

beforeAll(async () => {
  const [started, ...registries] = await Promise.all([
    // Each heartbeat waits for a barrier: with a shorter one a busy machine would not look in time.
    startWorld({ controllers: true }, ['--claim-interval', '1500ms']),
    startRegistry({ version: '2.8', tls: true }),
    startRegistry({ version: '3', tls: true }),
  ])
  world = started
  servers = registries
  const [older, newer] = registries
  shops = [stockShop('two', older), stockShop('three', newer)]
  namespace = await world.namespace('pull')
  fleet = new Fleet(world.cluster, namespace)
  const inventory = imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] })
  await world.cluster.apply([inventory, ...shops.flatMap(objectsOf)])
  node = await startOwnNode()
})
afterAll(async () => {
  await node?.stop()
  await world?.stop()
  await Promise.all(servers?.map((server) => server.stop()) ?? [])
})

const objectsOf = (shop: Shop) => policyObjects(namespace, shop, shop.server.url, { onEvict: 'Delete' })
const at = (name: string) => ({ namespace, name })
const all = (usesOf: (shop: Shop) => Uses): Uses =>
  Object.fromEntries(shops.flatMap((shop) => Object.entries(usesOf(shop))))

test('pods run images by tag and by digest, one is rolled out anew, and CI moves a tag', async () => {
  for (const uses of [all(({ before }) => before), all(({ uses }) => uses)]) {
    await fleet.deploy(uses)
    await fleet.untilRunning(uses)
  }
  for (const shop of shops) shop.build()
})

test('S06, S07, S20: an approved plan takes everything that no pod needs and no rule keeps', async () => {
  await Promise.all(
    shops.map(async (shop) => {
      const { plan } = (await world.api.plan(at(shop.name))).status ?? {}
      expect(plan).toMatchObject({ untag: 1, evict: 12 })
      await world.api.plan(at(shop.name), { spec: { approvedPlan: plan?.digest } })
      const { run } = await eventually(
        async () => {
          const { status } = await world.api.policy(at(shop.name))
          return status?.run?.finishedAt === undefined ? undefined : status
        },
        { message: `the end of the run of ${shop.name}`, timeoutMs: 60_000, intervalMs: 100 },
      )
      expect(run).toMatchObject({
        phase: 'Succeeded',
        plan: plan?.digest,
        untagged: 13,
        swept: 16,
        spared: 0,
      })
      const left = await Promise.all(
        Object.keys(shop.left).map(async (repository) => [repository, await tagsOf(shop, repository)]),
      )
      expect(Object.fromEntries(left)).toEqual(shop.left)
    }),
  )
})

test('S04: a pod whose image was evicted, with everything in its repository, runs within seconds', async () => {
  const doomed = all((shop) => shop.doomed)
  await fleet.deploy(doomed)
  await Promise.all(
    shops.map((shop) =>
      eventually(async () => (await tagsOf(shop, 'idle')).includes('v1'), { timeoutMs: 10_000 }),
    ),
  )
  await fleet.untilRunning(doomed)
})

test('S14, S20: after a garbage collection a node that has no image pulls what every pod names', async () => {
  await node.stop()
  for (const { server, garbage } of shops) {
    const layout = new StorageLayout(server.storageDir)
    const present = () => garbage.filter((digest) => existsSync(layout.blobData(digest)))
    expect(present()).toEqual(garbage)
    await server.down()
    await collectGarbage(server, { untagged: server.version === '3' })
    await server.up()
    expect(present()).toEqual([])
  }
  await fleet.deletePods()
  await fleet.deploy(all(({ kept }) => kept))
  node = await startOwnNode()
  await fleet.untilRunning(all(({ later, kept, doomed }) => ({ ...later, ...kept, ...doomed })))
  await Promise.all(shops.map(({ name }) => fleet.rollBack(`${name}-back`)))
  await fleet.untilRunning(all(({ before }) => before))
})
