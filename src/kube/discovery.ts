import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, KubeClient } from './client.ts'
import { isRecord, listOf, recordOf, textOf } from './json.ts'
import { apiVersion, type Resource } from './resource.ts'

/** A kind by its name; `plural` where two resources of a group have the same kind. */
export interface KindName extends Pick<Resource, 'group' | 'version' | 'kind'> {
  readonly plural?: string | undefined
}

/**
 * The resource that serves a kind, as the cluster has it. Undefined only where the API server itself lists what it has,
 * and it is not there.
 * @throws KUBE_*, CANCELLED: then it is not known
 */
export async function findResource(
  client: KubeClient,
  wanted: KindName,
  options?: CallOptions,
): Promise<Resource | undefined> {
  const { group, version, kind } = wanted
  for (const entry of await resourcesOf(client, wanted, options)) {
    const { name, kind: found, namespaced } = recordOf(entry)
    const plural = textOf(name)
    // `deployments/scale` is a subresource, with a kind of its own.
    if (found !== kind || plural === '' || plural.includes('/')) continue
    if (wanted.plural !== undefined && wanted.plural !== plural) continue
    return { group, version, plural, kind, namespaced: namespaced === true }
  }
  return undefined
}

async function resourcesOf(
  client: KubeClient,
  { group, version }: KindName,
  options: CallOptions | undefined,
): Promise<readonly unknown[]> {
  try {
    const list = await client.discover<unknown>({ group, version }, options)
    return entriesOf(list, 'APIResourceList', 'resources')
  } catch (error) {
    // The API server says 404 in plain text, as any proxy may: only its list of groups is proof.
    if (!hasCode(error, 'KUBE_NOT_FOUND') || group === '') throw error
    const groups = entriesOf(await client.discover<unknown>(undefined, options), 'APIGroupList', 'groups')
    const versions = groups.flatMap((entry) => listOf(recordOf(entry).versions))
    const name = apiVersion({ group, version })
    if (versions.some((entry) => recordOf(entry).groupVersion === name)) throw error
    return []
  }
}

function entriesOf(list: unknown, kind: string, field: string): readonly unknown[] {
  if (isRecord(list) && list.kind === kind && Array.isArray(list[field])) return list[field]
  throw new TallymanError('KUBE_SERVER_ERROR', `The API server answered discovery with no ${kind}`)
}
