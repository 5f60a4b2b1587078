import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { containerImage } from '#test/harness/images.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { settled } from './support/api.ts'
import { imageInventory, pod, registry, registryPolicy } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// What only the memory of an inventory keeps does not go because the memory was lost.

/** What is claimed in a new term is held after seconds, not after a minute. */
const FLAGS = ['--claim-interval', '1500ms']
let world: World
let next: OperatorProcess | undefined
let server: TestRegistry
let skopeo: ForeignClient
let home: string
const at = (name: string) => ({ namespace: home, name })
const policy = () => world.api.policy(at('main'))
const tags = async () => [...(await skopeo.tags(`${server.host}/shop/ledger`))].sort()

beforeAll(async () => {
  world = await startWorld({}, FLAGS)
  server = await startRegistry({ version: '3' })
  skopeo = await foreignClient('skopeo', server)
  home = await world.namespace('ledger')
  const writer = new StorageWriter(server.storageDir)
  for (const day of [1, 2, 3]) {
    const created = new Date(Date.UTC(2026, 0, day)).toISOString()
    writer.write('shop/ledger', containerImage({ seed: `v${day}`, created }), `v${day}`)
  }
  await world.cluster.apply([
    imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
    registry(at('main'), { url: server.url, workspace: { prefix: 'ops' } }),
    pod(at('web'), `${server.host}/shop/ledger:v3`),
    pod(at('nightly'), `${server.host}/shop/ledger:v1`),
  ])
})
afterAll(async () => {
  await next?.stop()
  await skopeo.close()
  await server.stop()
  await world.stop()
})

/** The codes of what stands against the last plan. */
async function blockedBy(): Promise<readonly string[]> {
  const { blocks = [] } = (await policy()).status ?? {}
  return blocks.map(({ code }) => code)
}

test('S02: a lost ledger stands against Enforce until a human has approved a plan that was made without it', async () => {
  const rules = [{ name: 'newest', repositories: ['**'], keep: { newest: 1, youngerThan: '1s' } }]
  const limits = { minImagesInUse: 1, maxEvictionPercent: 90 }
  const spec = { mode: 'Enforce', onEvict: 'Delete', rules, limits }
  await settled(() => world.api.inventory(at('all')), { Synced: 'True AllSynced' })
  await world.cluster.kubectl(['delete', 'pod', 'nightly', '-n', home, '--now'])
  await world.cluster.apply([registryPolicy(at('main'), spec)])
  // Only the second plan knows that what it takes was what it is for longer than a second.
  await eventually(
    async () => {
      await world.api.plan(at('main'))
      expect((await policy()).status).toMatchObject({ plan: { evict: 1 } })
      expect(await blockedBy()).toEqual([])
      return true
    },
    { timeoutMs: 60_000 },
  )

  // Its end writes the ledger a last time.
  await world.operator.stop()
  await world.cluster.kubectl([
    ...['delete', 'configmaps', '-n', 'tallyman-system'],
    ...['-l', 'tallyman.dev/ledger'],
  ])
  const kubeconfig = await world.cluster.operatorKubeconfig()
  next = await startOperator({ kubeconfig, logFile: world.logFile, args: FLAGS })
  expect(await world.api.plan(at('main'))).toMatchObject({ status: { plan: { evict: 2 } } })
  await settled(policy, {
    PlanReady: ['False PlanBlocked', /Who approves plan sha256:[0-9a-f]+ accepts that/],
  })
  expect(await blockedBy()).toEqual(['LedgerLost'])

  const approvedPlan = (await policy()).status?.plan?.digest
  await world.api.plan(at('main'), { spec: { approvedPlan } })
  await eventually(async () => (await tags()).length === 1, { message: 'the end of it', timeoutMs: 60_000 })
  expect(await tags()).toEqual(['v3'])
  await settled(policy, { PlanReady: 'True Planned' })
  await eventually(async () => (await blockedBy()).length === 0, { message: 'no block', timeoutMs: 60_000 })
})
