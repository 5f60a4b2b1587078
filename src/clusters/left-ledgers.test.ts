import { afterAll, beforeAll, expect, test } from 'vitest'
import { LedgerStore } from '#clusters/ledger-store.ts'
import { LeftLedgers, leftSentence } from '#clusters/left-ledgers.ts'
import { ClusterMemory } from '#inventory/cluster-memory.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { systemClock } from '#time/clock.ts'

const { signal } = new AbortController()
let cluster: TestCluster
let connection: ClusterConnection
let client: KubeClient
/** Those that there are. */
let inventories: string[] = []

/** As the operator, with its rights. */
beforeAll(async () => {
  cluster = await borrowCluster()
  connection = await connect({ kubeconfig: await cluster.operatorKubeconfig(), clock: systemClock })
  client = new KubeClient(connection)
})
afterAll(async () => {
  await connection?.close()
  await cluster?.stop()
})

async function remember(inventory: string): Promise<void> {
  const fence = { requestTimeoutMs: 5_000, assertLeader: () => undefined }
  const store = new LedgerStore({
    ...{ client, fence, inventory, log: silentLog },
    namespace: OPERATOR_NAMESPACE,
  })
  await store.load(signal)
  const memory = ClusterMemory.of('uid', 'local')
  await store.save([memory], new Map(), { id: 'which-ledger', since: 0 }, signal)
}

test('S05: the ledger of an ImageInventory that is gone is found until it is deleted as its sentence says', async () => {
  const left = new LeftLedgers({
    client,
    namespace: OPERATOR_NAMESPACE,
    inventories: () => inventories,
  })
  const names = async () => (await left.read(signal)).map(({ inventory }) => inventory)
  await remember('apps/main')
  inventories = ['apps/main', 'apps/edge']
  expect(await names()).toEqual([])
  await remember('apps/edge')
  inventories = ['apps/main']
  expect(await names()).toEqual(['apps/edge'])
  inventories = ['apps/main', 'apps/edge']
  expect(await names()).toEqual([])
  inventories = ['apps/main']
  const [edge] = await left.read(signal)
  const [, release = ''] = (edge === undefined ? '' : leftSentence(edge)).split(': kubectl ')
  await cluster.kubectl(release.split(' '))
  expect(await names()).toEqual([])
})
