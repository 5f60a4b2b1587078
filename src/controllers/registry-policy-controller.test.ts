import { expect, test } from 'vitest'
import {
  RegistryPolicyController,
  type RegistryPolicyParts,
} from '#controllers/registry-policy-controller.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { silentLog } from '#test/harness/reflected.ts'

// What a policy does with a real API server is in test/e2e/policy*.test.ts.

const apiVersion = 'tallyman.dev/v1alpha1'
const at = (name: string) => ({ namespace: 'shop', name, uid: name, generation: 1 })
const rules = [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }]

function unexpected(): never {
  throw new Error('nobody asks for that')
}

const context = {
  ...{ signal: new AbortController().signal, log: silentLog, reconcileID: '1' },
  shield: <T>(work: () => Promise<T>) => work(),
}

/** A controller of one policy, under whatever name, and what it wrote last. */
function controllerWith(more: object) {
  const kinds = ['RegistryPolicy', 'Registry', 'ImageInventory'] as const
  const [policy, registry, inventory] = kinds.map((kind) => {
    const references = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, rules }
    const spec = kind === 'RegistryPolicy' ? references : { url: 'https://r.example' }
    return { apiVersion, kind, metadata: at(kind === 'ImageInventory' ? 'all' : 'main'), spec }
  })
  const store = <T>(object: T) => ({ get: () => object, list: () => [object] })
  let told: RegistryPolicyStatus = {}
  const parts = {
    deps: { clock: new FakeClock() },
    reporter: {
      latest: <T>(shown: T) => shown,
      suspended: () => undefined,
      write: async (before: object, compute: (status: RegistryPolicyStatus) => RegistryPolicyStatus) => {
        told = compute(told)
        return { ...before, status: told }
      },
    },
    stores: { policies: store(policy), registries: store(registry), inventories: store(inventory) },
    ...{ live: { all: () => [], get: () => undefined }, work: { resumesAt: unexpected, run: unexpected } },
    ...more,
  }
  const controller = new RegistryPolicyController(parts as unknown as RegistryPolicyParts)
  return { controller, told: () => told }
}

test('S04: what a policy has evicted is watched also where an inventory is not set up', async () => {
  let watched = 0
  const watch = async () => {
    watched += 1
    return true
  }
  const { controller, told } = controllerWith({ past: { watch } })
  expect(await controller.reconcile('shop/main', context)).toEqual({ requeueAfterMs: 10_000 })
  expect(told().conditions?.find(({ type }) => type === 'PlanReady')).toMatchObject({
    reason: 'InventoryNotSynced',
    message: expect.stringContaining('shop/all is not set up yet'),
  })
  expect(watched).toBe(1)
})

test('S04, S17: what a policy has evicted is watched while others are worked on for hours', async () => {
  let looked = 0
  const running = Promise.withResolvers<number>()
  const work = {
    resumesAt: async () => {
      looked += 1
      return 0
    },
    run: () => running.promise,
  }
  const { controller } = controllerWith({ work, live: { all: () => [], get: () => ({}) } })
  const reconcile = () => controller.reconcile('shop/main', context)
  const long = [reconcile(), reconcile()]
  expect([await reconcile(), looked]).toEqual([{ requeueAfterMs: 15_000 }, 3])
  running.resolve(Number.POSITIVE_INFINITY)
  await Promise.all(long)
  expect(await reconcile()).not.toEqual({ requeueAfterMs: 15_000 })
})
