import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions, KubeClient } from './client.ts'
import { recordOf, textOf } from './json.ts'
import { NAMESPACES } from './resource.ts'

/**
 * Which cluster this is: the UID of the namespace kube-system, which lives as long as the cluster (S05). A restored
 * backup has it too; a cluster that was rebuilt has another.
 * @throws KUBE_*, CANCELLED
 */
export async function readClusterIdentity(client: KubeClient, options?: CallOptions): Promise<string> {
  const namespace = recordOf(await client.get<unknown>(NAMESPACES, { name: 'kube-system' }, options))
  const uid = textOf(recordOf(namespace.metadata).uid)
  if (uid === '') throw new TallymanError('KUBE_SERVER_ERROR', 'The namespace kube-system has no UID')
  return uid
}
