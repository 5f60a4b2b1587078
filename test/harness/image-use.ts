import { compilePins } from '#inventory/pins.ts'
import { parseReference } from '#inventory/reference.ts'
import type { ClusterView, ImageUse, InventorySnapshot } from '#inventory/snapshot.ts'

export const NO_PINS = compilePins([])

/** One image in use by one pod of the namespace `apps`, but for what `changes` says otherwise. */
export function imageUse(image: string, changes: Partial<ImageUse> = {}): ImageUse {
  return {
    image,
    reference: parseReference(image),
    kinds: ['pod'],
    pods: 1,
    objects: 0,
    nodesCaching: 0,
    finishedOnly: false,
    users: [{ cluster: 'local', namespace: 'apps', kind: 'Deployment', name: 'web' }],
    namespaces: ['apps'],
    neverPulled: false,
    withPullSecret: true,
    runningDigests: [],
    runningConfigs: [],
    pullFailures: 0,
    ...changes,
  }
}

/** A synced and trusted snapshot of these uses, all in one cluster; nothing is pinned. */
export function snapshotOf(
  images: readonly ImageUse[],
  changes: Partial<InventorySnapshot> = {},
): InventorySnapshot {
  return {
    version: 1,
    takenAt: 0,
    synced: true,
    notSynced: [],
    trusted: true,
    distrusts: [],
    coveredMs: 0,
    barrier: { wall: 0, monotonic: 0 },
    clusters: [clusterView('local', { pods: images.length, images: images.length })],
    frozen: [],
    platforms: [{ os: 'linux', architecture: 'amd64' }],
    pods: images.length,
    images,
    remembered: [],
    pins: NO_PINS,
    ...changes,
  }
}

/** A required cluster of which everything is known, but for what `changes` says otherwise. */
export function clusterView(name: string, changes: Partial<ClusterView> = {}): ClusterView {
  return {
    name,
    required: true,
    identity: `uid-of-${name}`,
    synced: true,
    sources: [{ name: 'pods', state: 'synced', blocks: true }],
    distrusts: [],
    coveredMs: 0,
    barrier: { wall: 0, monotonic: 0 },
    pods: 0,
    images: 0,
    ...changes,
  }
}
