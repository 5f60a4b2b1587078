import type { RegistryCheckStores } from '#controllers/registry-check-controller.ts'
import { type RegistryCheckObject, type RegistryObject, writtenIn } from '#controllers/resources.ts'
import { getCondition } from '#runtime/conditions.ts'
import type { Controller } from '#runtime/controller.ts'
import { enqueueDependants, enqueueOwn } from '#runtime/enqueue.ts'
import { keyOf } from '#runtime/object-key.ts'
import { needsReconcile } from '#runtime/predicates.ts'

/** Counts in the status of an inventory lag behind the live list by at most this; its verdicts do not. */
const COUNTS_LAG_MS = 5_000

export interface Wakeable {
  readonly registry: Controller
  readonly imageInventory: Controller
  readonly registryCheck: Controller
  /** Looks at the age of the last run of each check. */
  readonly checkAge: Controller
}

/** What of the live inventories wakes somebody. */
export interface InventorySignals {
  get(key: string): { readonly synced: boolean; readonly trusted: boolean } | undefined
  onChange(listener: (key: string) => void): () => void
}

/** Which change makes which controller look again: each its own kind, and what depends on what. */
export function wake(stores: RegistryCheckStores, live: InventorySignals, controllers: Wakeable): void {
  enqueueOwn(stores.registries, controllers.registry)
  enqueueOwn(stores.inventories, controllers.imageInventory)
  enqueueOwn(stores.checks, controllers.registryCheck)
  enqueueDependants(stores.checks, controllers.checkAge, (changed) => [keyOf(changed)], ageMatters)

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

  const before = new Map<string, { readonly synced: boolean; readonly trusted: boolean }>()
  live.onChange((key) => {
    const { synced, trusted } = live.get(key) ?? {}
    const flipped = synced !== before.get(key)?.synced
    const told = flipped || trusted !== before.get(key)?.trusted
    if (synced === undefined || trusted === undefined) before.delete(key)
    else before.set(key, { synced, trusted })
    if (told) controllers.imageInventory.enqueue(key)
    else controllers.imageInventory.enqueueAfter(key, COUNTS_LAG_MS)
    const inventory = stores.inventories.get(key)
    if (!flipped || inventory === undefined) return
    for (const check of checksOf('inventoryRef')(inventory)) controllers.registryCheck.enqueue(check)
  })
}

/** A registry that answers again, or is described otherwise, is worth a look; its other status changes are not. */
export function registryMatters(
  old: RegistryObject | undefined,
  current: RegistryObject | undefined,
): boolean {
  const reachable = (registry: RegistryObject | undefined) =>
    getCondition(registry?.status?.conditions ?? [], 'Reachable')?.status
  return needsReconcile(old, current) || reachable(old) !== reachable(current)
}

/** When the report of a check is outdated depends on its schedule, and on when its last run ended. */
function ageMatters(old: RegistryCheckObject | undefined, current: RegistryCheckObject | undefined): boolean {
  return needsReconcile(old, current) || old?.status?.run?.finishedAt !== current?.status?.run?.finishedAt
}

/** Whether a reference in a spec names that object. */
export function refersTo(
  object: { readonly spec?: unknown },
  field: 'registryRef' | 'inventoryRef',
  name: string,
): boolean {
  return writtenIn(object, field, 'name') === name
}
