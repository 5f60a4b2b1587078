import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { IMAGE_INVENTORIES } from '#controllers/resources.ts'
import { SECRETS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { startOperator } from '#test/harness/operator.ts'
import { eventually } from '#test/harness/wait.ts'
import { conditionText, messageOf, settled } from './support/api.ts'
import { imageInventory, pod } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// One inventory of two clusters, and what becomes of it when the second one is not what it was.

vi.setConfig({ testTimeout: 180_000 })

const EDGE_IMAGE = 'registry.example.com/edge/only:1'

let world: World
let edge: TestCluster
let other: TestCluster
let home: string

beforeAll(async () => {
  ;[world, edge, other] = await Promise.all([
    startWorld(),
    startCluster({ controllers: false }),
    startCluster({ controllers: false }),
  ])
  home = await world.namespace('fleet')
  const secret = async (name: string, kubeconfig: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: home, name },
    stringData: { kubeconfig: await readFile(kubeconfig, 'utf8') },
  })
  await edge.apply([pod({ namespace: edge.namespace, name: 'only' }, EDGE_IMAGE)])
  await world.cluster.apply([
    await secret('edge', await edge.operatorKubeconfig()),
    await secret('other', await other.operatorKubeconfig()),
    pod({ namespace: home, name: 'here' }, 'registry.example.com/local/app:1'),
    imageInventory({ namespace: home, name: 'fleet' }, { clusters: reaching('edge') }),
  ])
})

afterAll(async () => {
  await world.stop()
  await Promise.all([edge.stop(), other.stop()])
})

const reaching = (secret: string) => [
  { name: 'local', floor: 0 },
  { name: 'edge', kubeconfigRef: { name: secret }, floor: 0 },
]
const fleet = () => world.api.inventory({ namespace: home, name: 'fleet' })
const reach = (secret: string) =>
  world.api.patch(
    IMAGE_INVENTORIES,
    { namespace: home, name: 'fleet' },
    { spec: { clusters: reaching(secret) } },
  )

test('both are complete and trusted, and what each uses counts', async () => {
  const inventory = await settled(fleet, { Synced: 'True AllSynced', Trusted: 'True AllTrusted' })
  checkKstatus(inventory)
  expect(inventory.status).toMatchObject({ clustersTotal: 2, clustersSynced: 2, clustersSummary: '2/2' })
  await eventually(async () => ((await fleet()).status?.images ?? 0) >= 2)
})

test('S05: where another cluster answers under the name of one, the list is not trusted, and what was used there stays', async () => {
  await reach('other')
  const changed = await settled(fleet, {
    Synced: 'False IdentityChanged',
    Trusted: 'False InventoryNotSynced',
  })
  checkKstatus(changed)
  expect(messageOf(changed, 'Synced')).toContain('edge')
  expect(changed.status?.remembered).toBeGreaterThanOrEqual(1)
  await reach('edge')
  checkKstatus(await settled(fleet, { Synced: 'True AllSynced', Trusted: 'True AllTrusted' }))
})

test('S05: without its Secret a cluster is stated as unreachable, also by an operator that was killed and started again', async () => {
  await reach('gone')
  const expected = { Synced: ['False ClusterUnreachable', /edge.*gone/s] } as const
  checkKstatus(await settled(fleet, expected))
  await world.operator.signal('SIGKILL')
  const kubeconfig = await world.cluster.operatorKubeconfig()
  const second = await startOperator({ kubeconfig, logFile: `${world.logFile}.2` })
  try {
    // It asks for a status of its own: what the first one wrote says nothing of it.
    await world.api.patch(IMAGE_INVENTORIES, { namespace: home, name: 'fleet' }, { status: null }, 'status')
    const restarted = await settled(fleet, expected)
    checkKstatus(restarted)
    await eventually(async () => ((await fleet()).status?.remembered ?? 0) >= 1)
    await reach('edge')
    checkKstatus(await settled(fleet, { Synced: 'True AllSynced', Trusted: 'True AllTrusted' }))
  } finally {
    await second.stop()
  }
  expect(conditionText((await fleet()).status?.conditions ?? [], 'Ready')).toBe('True Succeeded')
  await world.api.delete(SECRETS, { namespace: home, name: 'edge' })
})
