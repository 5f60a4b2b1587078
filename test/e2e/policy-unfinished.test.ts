import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { IMAGE_INVENTORIES, REGISTRY_POLICIES } from '#controllers/resources.ts'
import { borrowCluster } from '#test/harness/cluster/borrowed.ts'
import type { TestCluster } from '#test/harness/cluster.ts'
import { killAtRequest } from '#test/harness/fault-proxy.ts'
import { type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { eventually } from '#test/harness/wait.ts'
import { OPERATOR_ARGS, PolicyShop } from './chaos/policy-shop.ts'
import { Api, settled } from './support/api.ts'
import { imageInventory } from './support/objects.ts'

// A process dies in the middle of a run, and the next one finds a policy that it may not carry out.

vi.setConfig({ testTimeout: 300_000 })

let cluster: TestCluster
let api: Api
let old: PolicyShop
let recent: PolicyShop
let operator: OperatorProcess | undefined

beforeAll(async () => {
  cluster = await borrowCluster({ crds: true })
  api = await Api.connect(cluster)
  old = await PolicyShop.start(cluster.namespace, '2.8')
  recent = await PolicyShop.start(cluster.namespace, '3')
  const clusters = [{ name: 'local', floor: 1 }]
  await cluster.apply([imageInventory(all(), { clusters }), ...old.objects(), ...recent.objects()])
})
afterEach(() => operator?.stop())
afterAll(async () => {
  await old.stop()
  await recent.stop()
  await api.close()
  await cluster.stop()
})

const all = () => ({ namespace: cluster.namespace, name: 'all' })

async function start(name: string): Promise<OperatorProcess> {
  const kubeconfig = await cluster.operatorKubeconfig()
  const logFile = path.join(cluster.stateDir, `${name}.log`)
  operator = await startOperator({ kubeconfig, logFile, args: OPERATOR_ARGS })
  return operator
}

/** The operator is killed when the first such request for a tag that goes is answered. */
async function dieAt(method: 'PUT' | 'DELETE', shop: PolicyShop, round: string): Promise<void> {
  const first = await start(`${round}-first`)
  await cluster.apply([shop.fill(round)])
  const approve = await shop.planned(api)
  const match = { method, path: new RegExp(`/${round}/manifests/(v1|v2|first)$`) }
  const callOff = killAtRequest(shop.front, 1, first.pid, { match, when: 'answered' })
  await approve()
  expect(await first.exited).toMatchObject({ signal: 'SIGKILL' })
  callOff()
  expect(await shop.state(round)).not.toMatchObject({ open: [] })
}

/** Waits until nothing of the run is open. @returns what each tag names then */
async function tagsOnceSettled(shop: PolicyShop, round: string): Promise<unknown> {
  return await eventually(
    async () => {
      const { tags, open } = await shop.state(round)
      expect(open).toEqual([])
      return tags
    },
    { message: `an end of what was begun in ${round}`, timeoutMs: 120_000 },
  )
}

test('S04, S17: what a dead process has hidden is back although the spec of its policy is not understood', async () => {
  await dieAt('PUT', old, 'misspelt')
  const rules = [{ name: 'typo', repositories: ['**'], keep: { tags: ['v[0-9]'] } }]
  await api.patch(REGISTRY_POLICIES, old.place, { spec: { rules } })
  await start('misspelt-second')
  await settled(() => api.policy(old.place), { Stalled: 'True SpecInvalid' })
  const whole = { v1: 'v1', v2: 'v2', v3: 'v3', v4: 'v4', first: 'v1', latest: 'v4' }
  expect(await tagsOnceSettled(old, 'misspelt')).toEqual(whole)
})

test('S04, S17: what a dead process has begun gets an end although an inventory cannot be set up', async () => {
  await dieAt('DELETE', recent, 'unlisted')
  await api.patch(IMAGE_INVENTORIES, all(), { spec: { pins: { patterns: ['v[0-9]'] } } })
  await start('unlisted-second')
  await settled(() => api.policy(recent.place), {
    PlanReady: ['Unknown InventoryNotSynced', /not set up yet/],
  })
  expect(await tagsOnceSettled(recent, 'unlisted')).toMatchObject({ v3: 'v3', v4: 'v4', latest: 'v4' })
})
