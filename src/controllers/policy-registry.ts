import { type RegistryObject, type RegistryPolicyObject, writtenIn } from '#controllers/resources.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

/** The Registry that a policy names, whatever else its spec says; undefined: none that there is. */
export function namedRegistry(
  policy: RegistryPolicyObject,
  registries: Pick<ObjectStore<RegistryObject>, 'get'>,
): RegistryObject | undefined {
  const name = writtenIn(policy, 'registryRef', 'name')
  return typeof name === 'string' ? registries.get(`${policy.metadata.namespace ?? ''}/${name}`) : undefined
}
