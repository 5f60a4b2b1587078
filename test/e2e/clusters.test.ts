import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { IMAGE_INVENTORIES } from '#controllers/resources.ts'
import { SECRETS } from '#kube/resource.ts'
import { startCluster, type TestCluster } from '#test/harness/cluster.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { eventually } from '#test/harness/wait.ts'
import { findingsOf, settled } from './support/api.ts'
import { credentialsBinding, imageInventory, pod, registry, registryCheck } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// Two inventories of a second cluster, and what becomes of them when it is not what it was. `fleet` needs it, `lenient` does not: its check
// goes on, and finds that what the second cluster uses is missing, as long as it is known to be used there.

/** Who takes over does not make the story wait. */
const LEASE = ['--lease-duration', '3s', '--renew-deadline', '1500ms', '--retry-period', '300ms']
const GOOD = { Synced: 'True AllSynced', Trusted: 'True AllTrusted' }

let world: World
let edge: TestCluster
let server: TestRegistry
let home: string
let successor: OperatorProcess | undefined

const place = (name: string) => ({ namespace: home, name })
const fleet = () => world.api.inventory(place('fleet'))
const lenient = () => world.api.inventory(place('lenient'))

beforeAll(async () => {
  ;[world, edge, server] = await Promise.all([
    startWorld({}, LEASE),
    startCluster({ controllers: false }),
    startRegistry({ version: '2.8' }),
  ])
  home = await world.namespace('fleet', { grant: false })
  const remote = { name: 'edge', kubeconfigRef: { name: 'edge' }, floor: 0 }
  await edge.apply([pod({ namespace: edge.namespace, name: 'only' }, `${server.host}/edge/only:1`)])
  await world.cluster.apply([credentialsBinding(home), await secretFor(edge)])
  await world.cluster.apply([
    pod(place('here'), 'registry.example.com/local/app:1'),
    registry(place('main'), { url: server.url }),
    imageInventory(place('fleet'), { clusters: [{ name: 'local', floor: 0 }, remote] }),
    imageInventory(place('lenient'), { clusters: [{ ...remote, required: false }] }),
    registryCheck(place('main'), { inventoryRef: { name: 'lenient' }, depth: 'Manifest' }),
  ])
})

afterAll(async () => {
  await successor?.stop()
  await world.stop()
  await Promise.all([edge.stop(), server.stop()])
})

/** Secret `edge`, by which the operator reaches a cluster. */
async function secretFor(cluster: TestCluster): Promise<object> {
  const kubeconfig = await readFile(await cluster.operatorKubeconfig(), 'utf8')
  return { apiVersion: 'v1', kind: 'Secret', metadata: place('edge'), stringData: { kubeconfig } }
}

/** Both inventories read the Secret now, and not within the next minute. */
async function lookAtSecret(): Promise<void> {
  for (const name of ['fleet', 'lenient']) await world.api.request(IMAGE_INVENTORIES, place(name))
}

/** `lenient` needs no cluster, so that its conditions are good all the time: only this says that it knows the cluster again. */
const thawed = () =>
  eventually(async () => {
    const { status } = await settled(lenient, GOOD)
    return status?.frozen?.length === 0 && status.clusters?.every(({ synced }) => synced)
  })

/** What a new run of the check finds. */
const found = async () => findingsOf(await world.api.run(place('main')))
const EDGE_IN_USE = ['edge/only:1 TagMissing Warning']
/** Counts lag behind by a few seconds. */
const counts = (expected: object) =>
  eventually(async () => {
    expect((await fleet()).status).toMatchObject(expected)
    return true
  })

test('both clusters are complete and trusted, and what each uses counts', async () => {
  const inventory = await settled(fleet, GOOD)
  checkKstatus(inventory)
  expect(inventory.status).toMatchObject({ clustersTotal: 2, clustersSynced: 2, clustersSummary: '2/2' })
  await counts({ images: 2, remembered: 0 })
  expect(await found()).toEqual(EDGE_IN_USE)
})

test('S05: where another cluster answers by the same Secret, nothing is trusted, and what was used stays in use', async () => {
  await world.cluster.apply([await secretFor(world.cluster)])
  await lookAtSecret()
  const duplicate = await settled(fleet, {
    Synced: ['False DuplicateCluster', /edge.*same cluster as local/s],
    Trusted: 'False InventoryNotSynced',
  })
  checkKstatus(duplicate)
  const changed = await eventually(async () => {
    const { clusters, frozen } = (await lenient()).status ?? {}
    const message = expect.stringMatching(/Another cluster answers: it was .* set identity: /)
    expect(clusters).toMatchObject([{ name: 'edge', synced: false, trusted: false, message }])
    return frozen
  })
  expect(changed).toMatchObject([{ name: 'edge', images: 1 }])
  await counts({ images: 1, remembered: 1 })

  await world.cluster.apply([await secretFor(edge)])
  await lookAtSecret()
  checkKstatus(await settled(fleet, GOOD))
  await thawed()
})

test('S05: without its Secret the cluster is not reached, and what was used stays in use', async () => {
  await world.api.delete(SECRETS, place('edge'))
  await lookAtSecret()
  checkKstatus(await settled(fleet, { Synced: ['False ClusterUnreachable', /edge.*Secret.*edge/s] }))
  await counts({ clustersSummary: '1/2', images: 1, remembered: 1 })
  await world.cluster.apply([await secretFor(edge)])
  await lookAtSecret()
  await settled(fleet, GOOD)
})

test('S05: a cluster that is down is said to be so, and what it used stays in use, also after the operator was killed', async () => {
  await edge.stopApiServer({ kill: true })
  const watched = await settled(fleet, { Synced: ['False WatchBroken', /^edge: pods: /] })
  checkKstatus(watched)
  expect(watched.status?.clusters?.map(({ name, synced }) => [name, synced])).toEqual([
    ['edge', false],
    ['local', true],
  ])
  expect(watched.status?.images).toBe(2)
  expect(await found()).toEqual(EDGE_IN_USE)

  world.operator.signal('SIGKILL')
  const kubeconfig = await world.cluster.operatorKubeconfig()
  successor = await startOperator({ kubeconfig, logFile: `${world.logFile}.2`, args: LEASE })
  const ready = await eventually(async () => (await fetch(`${await successor?.url()}/readyz`)).ok)
  expect(ready).toBe(true)
  checkKstatus(await settled(fleet, { Synced: ['False ClusterUnreachable', /edge/] }))
  await counts({ images: 1, remembered: 1 })
  expect((await fetch(`${await successor.url()}/healthz`)).status).toBe(200)

  await edge.startApiServer()
  await settled(fleet, GOOD)
}, 180_000)

test('S05: what a cluster used that was taken out of the spec stays in use until a human releases it', async () => {
  const only = (more: object) =>
    world.api.patch(IMAGE_INVENTORIES, place('lenient'), {
      spec: { clusters: [{ name: 'local', floor: 0 }], ...more },
    })
  await only({})
  const frozen = await eventually(async () =>
    (await lenient()).status?.frozen?.find(({ name }) => name === 'edge'),
  )
  expect(frozen.images).toBe(1)
  expect((await lenient()).status?.remembered).toBe(1)
  await only({ releaseClusters: [frozen.identity] })
  await eventually(async () => {
    expect((await lenient()).status).toMatchObject({ frozen: [], remembered: 0 })
    return true
  })
})
