import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import { OPERATOR_ARGS } from '#test/e2e/chaos/policy-shop.ts'
import { messageOf } from '#test/e2e/support/api.ts'
import { imageInventory } from '#test/e2e/support/objects.ts'
import { startWorld, type World } from '#test/e2e/support/world.ts'
import { killAtRequest } from '#test/harness/fault-proxy.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import { startNode, type TestNode } from '#test/harness/node.ts'
import { logLines, type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { named } from '#test/harness/pull.ts'
import { type RegistryVersion, startRegistry } from '#test/harness/registry.ts'
import { eventually } from '#test/harness/wait.ts'
import { Fleet, type Uses } from './support/fleet.ts'
import { type Shop, stockShop } from './support/shop.ts'
import { policyObjects } from './support/shop-policy.ts'
import { type Window, windowOn } from './support/window.ts'
import { PULL_FAILED, untilPod } from './support/workload.ts'

// A run that copies first, raced by pods and a moved tag, its process frozen, the next one killed: what is left is judged by what a node pulls.

vi.setConfig({ testTimeout: 180_000 })

const VERSIONS: Readonly<Record<string, RegistryVersion>> = { two: '2.8', three: '3' }
/** How soon what came into use is back (S04). */
const SOON = { timeoutMs: 10_000, intervalMs: 100 }

let world: World
let successor: OperatorProcess
let windows: Window[]
let shops: Shop[]
let node: TestNode
let fleet: Fleet
let namespace: string

const startOwnNode = () =>
  startNode(world.cluster, { registries: shops.map(({ host, server }) => ({ host, url: server.url })) })

beforeAll(async () => {
  const [started, ...stocked] = await Promise.all([
    startWorld({ controllers: true }, OPERATOR_ARGS),
    ...Object.entries(VERSIONS).map(async ([name, version]) =>
      stockShop(name, await startRegistry({ version })),
    ),
  ])
  world = started
  shops = stocked
  windows = await Promise.all(shops.map(windowOn))
  namespace = await world.namespace('disturbed')
  fleet = new Fleet(world.cluster, namespace)
  const onEvict = { onEvict: 'Trash', trash: { gcWindow: '2s' } }
  await world.cluster.apply([
    imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
    ...windows.flatMap(({ shop, front }) => policyObjects(namespace, shop, front.url, onEvict)),
  ])
  node = await startOwnNode()
  for (const uses of [all(({ before }) => before), all(({ uses }) => uses)]) {
    await fleet.deploy(uses)
    await fleet.untilRunning(uses)
  }
  const kubeconfig = await world.cluster.operatorKubeconfig()
  successor = await startOperator({ kubeconfig, logFile: logOfSuccessor(), args: OPERATOR_ARGS })
})
afterAll(async () => {
  await node?.stop()
  await successor?.stop()
  await world?.stop()
  await Promise.all(windows?.map(({ front }) => front.stop()) ?? [])
  await Promise.all(shops?.map(({ server }) => server.stop()) ?? [])
})

const logOfSuccessor = () => `${world.logFile}.successor`
const at = (name: string) => ({ namespace, name })
const all = (usesOf: (shop: Shop) => Uses): Uses =>
  Object.fromEntries(shops.flatMap((shop) => Object.entries(usesOf(shop))))

/** What each shop has under a tag. */
const namedIn = (repository: string, tag: string) =>
  Promise.all(shops.map(({ name, server }) => named(server.wire, `${name}/${repository}`, tag)))

/** Waits until each shop has under a tag what its Deployment of that name is to run. */
function untilBack(repository: string, tag: string, deployment: string): Promise<unknown> {
  const digests = shops.map(
    ({ name, late, doomed }) => ({ ...late, ...doomed })[`${name}-${deployment}`]?.digest,
  )
  const isBack = async () => {
    expect(await namedIn(repository, tag)).toEqual(digests)
    return true
  }
  return eventually(isBack, { ...SOON, message: `${repository}:${tag} to be back` })
}

/** Waits until the run of a shop is over, and ends as a human what it is held for. */
function ended({ name }: Shop) {
  return eventually(
    async () => {
      const policy = await world.api.policy(at(name))
      const { run } = policy.status ?? {}
      if (run?.finishedAt !== undefined) return run.phase
      const says = messageOf(policy, 'PlanReady')
      const releaseHold = /spec\.releaseHold: (hold-[0-9a-f]{12})/.exec(says)?.[1]
      if (releaseHold !== undefined)
        await world.api.patch(REGISTRY_POLICIES, at(name), { spec: { releaseHold } })
      throw new Error(`${run?.phase}: ${says}`)
    },
    { message: `the end of the run of ${name}`, timeoutMs: 90_000, intervalMs: 250 },
  )
}

/** All pods are deleted, and what a node pulls that has no image is what their successors run. */
async function startAnew(uses: Uses): Promise<void> {
  await node.stop()
  await fleet.deletePods()
  node = await startOwnNode()
  await fleet.untilRunning(uses)
}

test('S04, S17: a pod that starts on what goes gets it back in time, or has never lost it', async () => {
  await Promise.all(
    shops.map(async ({ name }) => {
      const { plan } = (await world.api.plan(at(name))).status ?? {}
      expect(plan).toMatchObject({ untag: 1, evict: 12 })
      await world.api.plan(at(name), { spec: { approvedPlan: plan?.digest } })
    }),
  )
  await Promise.all(windows.map(({ open }) => open))
  expect(await namedIn('many', 'v1')).toEqual([undefined, undefined])

  for (const shop of shops) shop.promote()
  await fleet.deploy(all(({ late }) => late))
  await untilBack('many', 'v1', 'late-index')
  // A placeholder stands in for its tag.
  await untilPod(world.cluster, at('two-late'), PULL_FAILED)
})

test('S16: when the process is frozen then, another one gives back what it has left in between', async () => {
  world.operator.signal('SIGSTOP')
  await Promise.all(windows.map(({ close }) => close()))
  const leads = async () => (await logLines(logOfSuccessor())).some(({ msg }) => msg === 'leading')
  await eventually(leads, { message: 'another one to lead' })
  await untilBack('web', 'v9', 'late')
})

test('S16: when that is killed while manifests go, the first one, thawed, ends the run', async () => {
  const callOffs = windows.map(({ shop, front }) => {
    const match = { method: 'DELETE', path: new RegExp(`^/v2/${shop.name}/idle/manifests/`) }
    return killAtRequest(front, 3, successor.pid, { match, when: 'answered' })
  })
  const runs = Promise.all(shops.map(ended))
  expect(await successor.exited).toMatchObject({ signal: 'SIGKILL' })
  for (const callOff of callOffs) callOff()
  world.operator.signal('SIGCONT')
  expect(await runs).toEqual(['Succeeded', 'Succeeded'])
  for (const { name, server, doomed } of shops) {
    const { digest = '' } = doomed[`${name}-idle`] ?? {}
    expect(await named(server.wire, `${name}/idle`, digest)).toBe(undefined)
  }
  expect(await namedIn('web', 'v1')).toEqual([undefined, undefined])
})

test('S18: a node that has no image pulls what every pod names', async () => {
  await startAnew(all(({ uses, late }) => ({ ...uses, ...late })))
})

test('S18, S20: and so it does after a garbage collection, also what had gone', async () => {
  for (const { server } of shops) {
    await server.down()
    const said = await collectGarbage(server, { untagged: server.version === '3' })
    expect(said).toMatch(/blob eligible for deletion: sha256:/)
    await server.up()
  }
  await fleet.deploy(all(({ doomed }) => doomed))
  await untilBack('idle', 'v1', 'idle')
  await startAnew(all(({ uses, late, doomed }) => ({ ...uses, ...late, ...doomed })))
})
