import type { ClusterAccess } from '#clusters/cluster-access.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { DEFAULT_SOURCES, type SourcesConfig } from '#clusters/sources-config.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import { compilePins } from '#inventory/pins.ts'
import type { ClusterConnection } from '#kube/connection.ts'

type ConfiguredCluster = InventoryConfig['clusters'][number]

const DAY_MS = 24 * 60 * 60 * 1000

/** Nodes are watched all the same, for their platforms. */
export const PODS_ONLY: SourcesConfig = {
  workloads: { enabled: false, blocks: false },
  rolloutHistory: { enabled: false, blocks: false },
  nodes: { enabled: false, blocks: false },
  helmReleases: undefined,
  custom: [],
}

/** What an ImageInventory of these clusters configures, without pins, but for what `changes` says otherwise. */
export function inventoryConfig(
  clusters: readonly ConfiguredCluster[],
  changes: Partial<InventoryConfig> = {},
): InventoryConfig {
  return {
    retainMs: 31 * DAY_MS,
    clusters,
    release: [],
    sources: DEFAULT_SOURCES,
    pins: compilePins([]),
    pinProblems: [],
    ...changes,
  }
}

/** A required cluster that is trusted however few images it uses. */
export function clusterBy(
  name: string,
  access: ClusterAccess,
  policy: Partial<ClusterPolicy> = {},
): ConfiguredCluster {
  const defaults = { name, required: true, duplicateAcknowledged: false, floor: 0, maxShrinkPercent: 50 }
  return { policy: { ...defaults, ...policy }, access }
}

/** The same over a connection that the caller closes. */
export function clusterOver(name: string, connection: ClusterConnection): ConfiguredCluster {
  return clusterBy(name, { kind: 'connection', connection })
}
