import type { RegistryCheckStores } from '#controllers/registry-check-controller.ts'
import type { RegistryCheckObject, RegistryObject } from '#controllers/resources.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { getCondition } from '#runtime/conditions.ts'
import type { Controller } from '#runtime/controller.ts'
import { enqueueDependants, enqueueOwn } from '#runtime/enqueue.ts'
import { keyOf } from '#runtime/object-key.ts'
import { needsReconcile } from '#runtime/predicates.ts'

/** Counts in the status of an inventory lag behind the live list by at most this; its verdict does not. */
const COUNTS_LAG_MS = 5_000

export interface Wakeable {
  readonly registry: Controller
  readonly imageInventory: Controller
  readonly registryCheck: Controller
}

/** What of the live inventory wakes somebody. */
export interface LiveSignal {
  snapshot(): InventorySnapshot
  readonly synced: boolean
  onChange(listener: () => void): () => void
}

/** Which change makes which controller look again: each its own kind, and what depends on what. */
export function wake(stores: RegistryCheckStores, live: LiveSignal, controllers: Wakeable): void {
  enqueueOwn(stores.registries, controllers.registry)
  enqueueOwn(stores.inventories, controllers.imageInventory)
  enqueueOwn(stores.checks, controllers.registryCheck)

  const checksOf =
    (field: 'registryRef' | 'inventoryRef') =>
    (changed: { metadata: { namespace?: string; name: string } }) =>
      stores.checks
        .list(changed.metadata.namespace)
        .filter((check) => refersTo(check, field, changed.metadata.name))
        .map(keyOf)
  enqueueDependants(stores.registries, controllers.registryCheck, checksOf('registryRef'), registryMatters)
  enqueueDependants(stores.inventories, controllers.registryCheck, checksOf('inventoryRef'), needsReconcile)
  // The names of registries decide which images match none.
  enqueueDependants(
    stores.registries,
    controllers.imageInventory,
    (changed) => stores.inventories.list(changed.metadata.namespace).map(keyOf),
    needsReconcile,
  )

  let wasSynced = live.synced
  live.onChange(() => {
    const flipped = live.synced !== wasSynced
    wasSynced = live.synced
    for (const key of stores.inventories.keys()) {
      if (flipped) controllers.imageInventory.enqueue(key)
      else controllers.imageInventory.enqueueAfter(key, COUNTS_LAG_MS)
    }
    if (flipped) for (const key of stores.checks.keys()) controllers.registryCheck.enqueue(key)
  })
}

/** A registry that answers again, or is described otherwise, is worth a look; its other status changes are not. */
function registryMatters(old: RegistryObject | undefined, current: RegistryObject | undefined): boolean {
  const reachable = (registry: RegistryObject | undefined) =>
    getCondition(registry?.status?.conditions ?? [], 'Reachable')?.status
  return needsReconcile(old, current) || reachable(old) !== reachable(current)
}

function refersTo(check: RegistryCheckObject, field: 'registryRef' | 'inventoryRef', name: string): boolean {
  const { spec } = check
  if (typeof spec !== 'object' || spec === null || !(field in spec)) return false
  const reference: unknown = Reflect.get(spec, field)
  return typeof reference === 'object' && reference !== null && Reflect.get(reference, 'name') === name
}
