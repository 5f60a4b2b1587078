import { parseReference } from '#inventory/reference.ts'
import type { ImageUse, InventorySnapshot } from '#inventory/snapshot.ts'

/** One image in use by one pod of the namespace `apps`, but for what `changes` says otherwise. */
export function imageUse(image: string, changes: Partial<ImageUse> = {}): ImageUse {
  return {
    image,
    reference: parseReference(image),
    pods: 1,
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

/** A synced snapshot of these uses. */
export function snapshotOf(
  images: readonly ImageUse[],
  changes: Partial<InventorySnapshot> = {},
): InventorySnapshot {
  return {
    version: 1,
    takenAt: 0,
    synced: true,
    clusters: [{ name: 'local', synced: true, pods: images.length, since: 0 }],
    platforms: [{ os: 'linux', architecture: 'amd64' }],
    pods: images.length,
    images,
    ...changes,
  }
}
