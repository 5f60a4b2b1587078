import { asTallymanError } from '#catalogue/error.ts'
import type { ClusterAccess } from '#clusters/cluster-access.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import type { SecretCache } from '#controllers/secret-cache.ts'
import { anyMatches, compileGlob } from '#crds/glob.ts'
import type { ImageInventorySpec } from '#crds/image-inventory.ts'
import type { ClusterConnection } from '#kube/connection.ts'
import { contextsOf } from '#kube/kubeconfig.ts'

type ClusterSpec = ImageInventorySpec['clusters'][number]
type ConfiguredCluster = InventoryConfig['clusters'][number]

/** As many contexts of one kubeconfig are followed. */
const MAX_CONTEXTS = 256

export interface ClusterResolution {
  readonly secrets: SecretCache
  /** The cluster that the operator runs in. */
  readonly local: ClusterConnection
}

/**
 * The clusters of a spec, with how each is reached. What can't be read is a cluster that is not reached and says why: it is never left
 * out, because then nobody would miss it.
 */
export async function resolveClusters(
  spec: ImageInventorySpec,
  namespace: string,
  { secrets, local }: ClusterResolution,
  signal: AbortSignal,
): Promise<ConfiguredCluster[]> {
  const acknowledged = new Set(spec.acknowledgeDuplicates)
  const resolved = await Promise.all(
    spec.clusters.map(async (entry): Promise<ConfiguredCluster[]> => {
      const { kubeconfigRef } = entry
      if (kubeconfigRef === undefined) {
        return [configured(entry, entry.name, { kind: 'connection', connection: local }, acknowledged)]
      }
      const place = `Secret ${namespace}/${kubeconfigRef.name}`
      try {
        const { data } = await secrets.read('Secret', { namespace, name: kubeconfigRef.name }, signal)
        const text = data.get(kubeconfigRef.key)?.toString('utf8')
        if (text === undefined) return [none(entry, `${place} has no key ${kubeconfigRef.key}`, acknowledged)]
        return ofKubeconfig(entry, text, place, acknowledged)
      } catch (thrown) {
        return [none(entry, asTallymanError(thrown).advice, acknowledged)]
      }
    }),
  )
  return resolved.flat()
}

function ofKubeconfig(
  entry: ClusterSpec,
  text: string,
  place: string,
  acknowledged: ReadonlySet<string>,
): ConfiguredCluster[] {
  const { name, context, contexts } = entry
  if (contexts === undefined) {
    return [configured(entry, name, { kind: 'kubeconfig', text, context }, acknowledged)]
  }
  const globs = contexts.map(compileGlob)
  const matching = contextsOf({ kubeconfigText: text }).filter((known) => anyMatches(globs, known))
  if (matching.length === 0) {
    return [none(entry, `${place} has no context that matches ${contexts.join(', ')}`, acknowledged)]
  }
  if (matching.length > MAX_CONTEXTS) {
    return [
      none(
        entry,
        `${place} has ${matching.length} matching contexts, more than ${MAX_CONTEXTS}`,
        acknowledged,
      ),
    ]
  }
  return matching.map((known) =>
    configured(entry, `${name}/${known}`, { kind: 'kubeconfig', text, context: known }, acknowledged),
  )
}

function none(entry: ClusterSpec, problem: string, acknowledged: ReadonlySet<string>): ConfiguredCluster {
  return configured(entry, entry.name, { kind: 'none', problem }, acknowledged)
}

function configured(
  { required, identity, floor, maxShrinkPercent, acceptShrink }: ClusterSpec,
  name: string,
  access: ClusterAccess,
  acknowledged: ReadonlySet<string>,
): ConfiguredCluster {
  const duplicateAcknowledged = acknowledged.has(name)
  return {
    policy: { name, required, identity, duplicateAcknowledged, floor, maxShrinkPercent, acceptShrink },
    access,
  }
}
