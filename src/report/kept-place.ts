import { hasCode } from '#catalogue/error.ts'
import type { CallOptions, Manifest, RegistryClient } from '#registry/client.ts'
import { repositoryBelow } from '#registry/repository-below.ts'

/** So many are kept of each: each takes the tag of the oldest. That needs no right to delete. */
export const KEPT = 10
export const LATEST = 'latest'

/** Where what is kept of an object lies in its workspace. */
export function keptRepository(
  prefix: string,
  kind: 'reports' | 'plans',
  namespace: string,
  name: string,
): string {
  return repositoryBelow(`${prefix}/${kind}`, `${namespace}/${name}`)
}

/** undefined: nothing, or nothing that we could have written. @throws REGISTRY_* */
export async function manifestIfAny(
  client: RegistryClient,
  repository: string,
  reference: string,
  call: CallOptions,
): Promise<Manifest | undefined> {
  try {
    return await client.getManifest(repository, reference, call)
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT', 'REGISTRY_MANIFEST_INVALID', 'REGISTRY_MEDIA_TYPE'))
      return undefined
    throw error
  }
}

/** Writes a manifest under the tag that is due and then `latest`. Whoever is interrupted between has overwritten the oldest, and does so again. */
export async function putInTurn(
  client: RegistryClient,
  repository: string,
  tag: string,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  call: CallOptions,
): Promise<void> {
  for (const each of [tag, LATEST]) await client.putManifest(repository, each, manifest, call)
}
