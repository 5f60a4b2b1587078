import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { unlessInvalid } from '#controllers/unless-invalid.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { registryNames } from '#inventory/registry-names.ts'

/** The names of all registries whose spec can be read; one with a broken spec owns no image and says so itself. */
export function namesOfAll(registries: readonly RegistryObject[]): RegistryNames[] {
  return namedRegistries(registries).map(({ names }) => names)
}

/** The same, each with the name of its object. */
export function namedRegistries(
  registries: readonly RegistryObject[],
): { readonly registry: string; readonly names: RegistryNames }[] {
  return registries.flatMap((registry) => {
    const names = unlessInvalid(() =>
      registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? ''),
    )
    return names === undefined ? [] : [{ registry: registry.metadata.name, names }]
  })
}
