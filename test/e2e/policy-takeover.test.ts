import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY_POLICIES } from '#controllers/resources.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import { type ForeignClient, foreignClient } from '#test/harness/foreign.ts'
import { containerImage } from '#test/harness/images.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { settled } from './support/api.ts'
import { imageInventory, pod, registry, registryPolicy } from './support/objects.ts'
import { startWorld, type World } from './support/world.ts'

// What a policy evicted is watched by whoever leads, also long before its next plan.

const FLAGS = ['--claim-interval', '1500ms']
let world: World
let next: OperatorProcess | undefined
let server: TestRegistry
let skopeo: ForeignClient
let home: string
const at = (name: string) => ({ namespace: home, name })
const policy = () => world.api.policy(at('main'))

beforeAll(async () => {
  world = await startWorld({}, FLAGS)
  server = await startRegistry({ version: '3' })
  skopeo = await foreignClient('skopeo', server)
  home = await world.namespace('takeover')
  const writer = new StorageWriter(server.storageDir)
  for (const day of [1, 2, 3, 4, 5]) {
    const created = new Date(Date.UTC(2026, 0, day)).toISOString()
    writer.write('shop/takeover', containerImage({ seed: `v${day}`, created }), `v${day}`)
  }
  await world.cluster.apply([
    imageInventory(at('all'), { clusters: [{ name: 'local', floor: 1 }] }),
    registry(at('main'), { url: server.url, workspace: { prefix: 'ops' } }),
    pod(at('web'), `${server.host}/shop/takeover:v5`),
  ])
})
afterAll(async () => {
  await next?.stop()
  await skopeo.close()
  await server.stop()
  await world.stop()
})

const LIMITS = { limits: { minImagesInUse: 1, maxEvictionPercent: 90 } }
const tags = async () => [...(await skopeo.tags(`${server.host}/shop/takeover`))].sort()

async function approvalIs(state: string): Promise<void> {
  await eventually(async () => (await policy()).status?.approval?.state === state, {
    message: `approval ${state}`,
    timeoutMs: 60_000,
  })
}

/** Something lies where claims do, of nobody knows whom: who else deletes there is not known. @returns what takes it away */
function putClaim(): () => Promise<unknown> {
  const image = containerImage({ seed: 'claim' })
  new StorageWriter(server.storageDir).write(CLAIMS_REPOSITORY, image, 'somebody.else')
  const path = `/v2/${CLAIMS_REPOSITORY}/manifests/${image.manifest.digest}`
  return () => server.wire.send({ method: 'DELETE', path })
}

/** The leader ends, and another one begins. */
async function takeOver(): Promise<void> {
  await (next ?? world.operator).stop()
  const kubeconfig = await world.cluster.operatorKubeconfig()
  next = await startOperator({ kubeconfig, logFile: world.logFile, args: FLAGS })
}

async function comesBack(tag: string): Promise<void> {
  await world.cluster.apply([pod(at(`back-${tag}`), `${server.host}/shop/takeover:${tag}`)])
  await eventually(async () => (await tags()).includes(tag), { message: `${tag} back` })
}

test('what stood against an approved plan is looked at again, and once it has passed the plan is carried out', async () => {
  await world.cluster.apply([registryPolicy(at('main'), LIMITS)])
  await settled(policy, { Ready: 'True Succeeded', PlanReady: 'True Planned' })
  const approvedPlan = (await policy()).status?.plan?.digest
  const removeClaim = putClaim()
  await world.api.plan(at('main'), { spec: { mode: 'Approve', approvedPlan, onEvict: 'Delete' } })
  await approvalIs('Blocked')
  expect((await policy()).status?.blocks?.map(({ code }) => code)).toContain('ClaimNotHeld')
  await removeClaim()
  await approvalIs('Used')
  await eventually(async () => (await policy()).status?.run?.finishedAt !== undefined, {
    message: 'the end of the run',
    timeoutMs: 60_000,
  })
})

test('S04: what comes into use under a new leader is back, though no plan is due', async () => {
  expect(await tags()).toEqual(['v5'])
  // After the run one more is made.
  await eventually(async () => (await policy()).status?.plan?.evict === 0, { message: 'the last plan' })
  const plannedAt = (await policy()).status?.plan?.time
  await takeOver()
  await comesBack('v1')
  expect((await policy()).status?.plan?.time).toBe(plannedAt)
})

test('the plan that the leader before made is shown by the next one, as the workspace holds it', async () => {
  const place = `${await next?.url()}/plans/${home}/main`
  const plan = await fetch(`${place}/plan.json`)
  expect(plan.status).toBe(200)
  expect(await plan.json()).toMatchObject({ digest: (await policy()).status?.plan?.digest })
  expect(await (await fetch(place)).text()).toContain('that anybody may read')
})

test('S04: and so is what a suspended policy had evicted', async () => {
  await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { suspend: true } })
  await takeOver()
  await comesBack('v2')
  await skopeo.pull(`${server.host}/shop/takeover:v2`)
})

test('what spec.restore asks for is back while the policy is suspended', async () => {
  const restore = [{ repository: 'shop/takeover', tag: 'v3' }]
  await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { restore } })
  await eventually(async () => (await tags()).includes('v3'), { message: 'v3 back' })
  await eventually(
    async () => (await policy()).status?.restorations?.some(({ image }) => image.endsWith(':v3')),
    { message: 'the status says so' },
  )
})

test('S04: and so is what a policy had evicted of which the spec is not understood any more', async () => {
  const rules = [{ name: 'typo', repositories: ['**'], keep: { tags: ['v[0-9]'] } }]
  await world.api.patch(REGISTRY_POLICIES, at('main'), { spec: { suspend: false, rules } })
  await settled(policy, { Stalled: 'True SpecInvalid' })
  await takeOver()
  await comesBack('v4')
})
