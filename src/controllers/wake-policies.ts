import type { RegistryPolicyStores } from '#controllers/registry-policy-controller.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { type InventorySignals, refersTo, registryMatters } from '#controllers/wake.ts'
import type { Controller } from '#runtime/controller.ts'
import { enqueueDependants, enqueueOwn } from '#runtime/enqueue.ts'
import { keyOf } from '#runtime/object-key.ts'
import { needsReconcile } from '#runtime/predicates.ts'

/** Which change makes a policy look again: its own, its registry's, those of the others that may conflict with it, and any inventory's (S01). */
export function wakePolicies(
  stores: RegistryPolicyStores,
  live: InventorySignals,
  controller: Controller,
): void {
  enqueueOwn(stores.policies, controller)
  const all = () => stores.policies.list().map(keyOf)
  enqueueDependants(
    stores.policies,
    controller,
    (changed) => all().filter((key) => key !== keyOf(changed)),
    needsReconcile,
  )
  const policiesOf = ({ metadata }: RegistryObject) =>
    stores.policies
      .list(metadata.namespace)
      .filter((policy) => refersTo(policy, 'registryRef', metadata.name))
      .map(keyOf)
  enqueueDependants(stores.registries, controller, policiesOf, registryMatters)
  enqueueDependants(stores.inventories, controller, all, needsReconcile)

  const before = new Map<string, string>()
  live.onChange((key) => {
    const { synced, trusted } = live.get(key) ?? {}
    const verdict = synced === undefined ? undefined : `${synced} ${trusted}`
    const flipped = verdict !== before.get(key)
    if (verdict === undefined) before.delete(key)
    else before.set(key, verdict)
    if (flipped) for (const policy of all()) controller.enqueue(policy)
  })
}
