import { TallymanError } from '#catalogue/error.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { RegistryNames } from '#inventory/locate.ts'

/** Where the registry answers: spec.url, or the cluster-internal address of the Service. @throws SPEC_INVALID */
export function registryUrl(spec: RegistrySpec, namespace: string): URL {
  if (spec.url !== undefined) return validUrl(spec.url)
  if (spec.serviceRef === undefined)
    throw new TallymanError('SPEC_INVALID', 'spec: neither url nor serviceRef is set')
  const { scheme, name, port } = spec.serviceRef
  return validUrl(`${scheme}://${name}.${namespace}.svc:${port}`)
}

/** Every name that pods may use for the registry. @throws SPEC_INVALID */
export function registryNames(spec: RegistrySpec, namespace: string): RegistryNames {
  const url = registryUrl(spec, namespace)
  return { host: url.host, pathPrefix: url.pathname, aliases: spec.aliases ?? [] }
}

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
      if (error instanceof TallymanError && error.code === 'SPEC_INVALID') return []
      throw error
    }
  })
}

function validUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new TallymanError(
      'SPEC_INVALID',
      `spec.url: ${JSON.stringify(text)} is no URL such as https://registry.example.com`,
    )
  }
  return url
}
