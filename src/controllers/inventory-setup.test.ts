import { expect, test } from 'vitest'
import type { Inventories } from '#clusters/inventories.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { InventorySetup, type InventorySetupOptions } from '#controllers/inventory-setup.ts'
import type { ImageInventoryObject } from '#controllers/resources.ts'
import { ObjectStore } from '#runtime/object-store.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { eventually } from '#test/harness/wait.ts'

/** How an inventory is configured of an object with each of these UIDs, generations and specs, one after the other. */
async function configured(
  ...versions: readonly { readonly uid: string; readonly generation: number; readonly spec: object }[]
): Promise<InventoryConfig[]> {
  const configs: InventoryConfig[] = []
  const inventories: Pick<Inventories, 'configure' | 'get' | 'remove'> = {
    configure: (_key, config) => void configs.push(config),
    get: () => undefined,
    remove: async () => undefined,
  }
  const store = new ObjectStore<ImageInventoryObject>(silentLog)
  // Its only cluster is the one that it runs in: nothing is read of another.
  const parts = { store, inventories, clock: new FakeClock(), log: silentLog, local: {}, secrets: {} }
  const setup = new InventorySetup(parts as unknown as InventorySetupOptions)
  setup.start()
  for (const [at, { uid, generation, spec }] of versions.entries()) {
    const metadata = { namespace: 'ops', name: 'all', uid, generation, resourceVersion: String(at) }
    store.upsert({ apiVersion: 'tallyman.dev/v1alpha1', kind: 'ImageInventory', metadata, spec })
    await eventually(() => configs.length > at)
  }
  await setup.stop()
  return configs
}

test('S10: a list of what is in use has another mark with another spec, and where the object was made anew', async () => {
  const marks = (
    await configured(
      { uid: 'a', generation: 1, spec: { retain: '31d' } },
      { uid: 'a', generation: 2, spec: { retain: '7d' } },
      { uid: 'a', generation: 3, spec: { retain: '31d' } },
      { uid: 'b', generation: 1, spec: { retain: '31d' } },
    )
  ).map(({ mark }) => mark)
  expect(marks[0]).toMatch(/^[0-9a-f]{64}$/)
  expect(new Set(marks).size).toBe(3)
  expect(marks[2]).toBe(marks[0])
})
