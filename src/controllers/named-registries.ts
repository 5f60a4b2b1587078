import { hasCode } from '#catalogue/error.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
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
    try {
      const names = registryNames(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
      return [{ registry: registry.metadata.name, names }]
    } catch (error) {
      if (hasCode(error, 'SPEC_INVALID')) return []
      throw error
    }
  })
}
