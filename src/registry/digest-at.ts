import { hasCode } from '#catalogue/error.ts'
import type { RegistryClient } from './client.ts'
import type { CallOptions } from './target.ts'

/**
 * The digest that a tag names, or the digest itself where there is such a manifest; undefined: absent.
 * @param reference tag or digest @throws REGISTRY_*
 */
export async function digestAt(
  client: Pick<RegistryClient, 'headManifest'>,
  repository: string,
  reference: string,
  call: CallOptions,
): Promise<string | undefined> {
  try {
    return (await client.headManifest(repository, reference, call)).digest
  } catch (error) {
    if (hasCode(error, 'REGISTRY_ABSENT')) return undefined
    throw error
  }
}
