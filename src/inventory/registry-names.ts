import { TallymanError } from '#catalogue/error.ts'
import type { RegistrySpec } from '#crds/registry.ts'
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

/** What stands before a repository of a registry where its image is pulled: `r.example/`, `r.example/team/`. */
export function pullPrefix({ host, pathname }: Pick<URL, 'host' | 'pathname'>): string {
  const path = pathname.replace(/^\/+|\/+$/g, '')
  return path === '' ? `${host}/` : `${host}/${path}/`
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
