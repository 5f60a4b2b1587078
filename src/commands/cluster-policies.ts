import { asTallymanError } from '#catalogue/error.ts'
import { Registry } from '#crds/registry.ts'
import { RegistryPolicy } from '#crds/registry-policy.ts'
import { KubeClient } from '#kube/client.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import { customResource } from '#kube/custom-resource.ts'
import type { Resource } from '#kube/resource.ts'
import type { CustomObject } from '#runtime/custom-object.ts'
import { systemClock } from '#time/clock.ts'

/** All RegistryPolicies of a cluster, and the Registries that they may be about. */
export interface ClusterPolicies {
  readonly policies: readonly CustomObject[]
  readonly registries: readonly CustomObject[]
}

/** Why there are none to read. */
export interface NoPolicies {
  /** The cluster does not have the kind, which is no failure. */
  readonly isNotInstalled: boolean
  /** For people, with the cluster. */
  readonly problem: string
}

export interface AskedPolicies {
  readonly kubeconfig: string | undefined
  /** undefined: the current one. */
  readonly context: string | undefined
  /** For messages. */
  readonly cluster: string
}

const POLICIES = customResource(RegistryPolicy)
const REGISTRIES = customResource(Registry)
/** Of one request. */
const TIMEOUT_MS = 15_000

/** @throws CANCELLED */
export async function clusterPolicies(
  { kubeconfig, context, cluster }: AskedPolicies,
  signal: AbortSignal,
): Promise<ClusterPolicies | NoPolicies> {
  let connection: ClusterConnection | undefined
  try {
    connection = await connect({ kubeconfig, context, clock: systemClock })
    const client = new KubeClient(connection)
    const policies = await all(client, POLICIES, signal)
    return { policies, registries: await all(client, REGISTRIES, signal) }
  } catch (thrown) {
    signal.throwIfAborted()
    return noPolicies(thrown, cluster)
  } finally {
    await connection?.close()
  }
}

async function all(client: KubeClient, resource: Resource, signal: AbortSignal): Promise<CustomObject[]> {
  const objects: CustomObject[] = []
  for await (const object of client.list<CustomObject>(resource, { signal, timeoutMs: TIMEOUT_MS })) {
    objects.push(object)
  }
  return objects
}

function noPolicies(thrown: unknown, cluster: string): NoPolicies {
  const error = asTallymanError(thrown)
  switch (error.code) {
    case 'KUBE_NOT_FOUND':
      return {
        isNotInstalled: true,
        problem: `${cluster} has no RegistryPolicies, as the kind is not installed`,
      }
    case 'KUBE_FORBIDDEN':
      return {
        isNotInstalled: false,
        problem: `the user of ${cluster} may not list RegistryPolicies and Registries in all namespaces, as the ClusterRole tallyman-viewer allows`,
      }
    case 'INTERNAL':
      throw thrown
    default:
      return {
        isNotInstalled: false,
        problem: `the RegistryPolicies of ${cluster} cannot be read: ${error.message}`,
      }
  }
}
