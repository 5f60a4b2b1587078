import { type RegistryObject, type RegistryPolicyObject, specOf, writtenIn } from '#controllers/resources.ts'
import { unlessInvalid } from '#controllers/unless-invalid.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { pullPrefix, registryUrl } from '#inventory/registry-names.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

/** The Registry that a policy names, whatever else its spec says; undefined: none that there is. */
export function namedRegistry(
  policy: RegistryPolicyObject,
  registries: Pick<ObjectStore<RegistryObject>, 'get'>,
): RegistryObject | undefined {
  const name = writtenIn(policy, 'registryRef', 'name')
  return typeof name === 'string' ? registries.get(`${policy.metadata.namespace ?? ''}/${name}`) : undefined
}

/** What stands before the repositories of a Registry where their images are pulled; empty where its spec does not say, or it is gone. */
export function pulledFrom(registry: RegistryObject | undefined): string {
  if (registry === undefined) return ''
  const url = unlessInvalid(() =>
    registryUrl(specOf(RegistrySpec, registry), registry.metadata.namespace ?? ''),
  )
  return url === undefined ? '' : pullPrefix(url)
}
