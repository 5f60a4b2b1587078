import type { NamedUses, ObjectUse } from '#inventory/cluster-uses.ts'

/** What says of a workload with which Secrets it pulls: one of its pods (the others are alike), or itself where it has none. */
export interface PullingObject {
  readonly cluster: string
  /** `Pod`, or the kind of the workload. */
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** `cluster/namespace/kind/name`. */
  readonly workload: string
}

/**
 * The workloads that pull an image, each by one of its pods; one without a pod (at 0 replicas, suspended) by itself. What has ended, and
 * what makes pods for a workload (a ReplicaSet of a Deployment), is left out. O(objects), in steps: between two of them clusters may change.
 * @param images as written
 * @param size of a step (see ClusterUses.objectBatches)
 * @returns by image
 */
export function* pullingObjectsInSteps(
  clusters: readonly NamedUses[],
  images: Iterable<string>,
  size: number,
): Generator<undefined, Map<string, readonly PullingObject[]>> {
  const asked = [...images]
  const found: Found = new Map()
  for (const { name: cluster, uses } of clusters) {
    for (const objects of uses.objectBatches(cluster, { images: asked }, size)) {
      for (const object of objects) add(found, cluster, object)
      yield
    }
  }
  return new Map([...found].map(([image, objects]) => [image, [...objects.values()]]))
}

/** By image, then by workload. */
type Found = Map<string, Map<string, PullingObject>>

function add(found: Found, cluster: string, { row, name }: ObjectUse): void {
  const { namespace } = row
  const isPod = row.use === 'pod' && !row.finished
  const isWorkload = row.use === 'template' && row.workload.name === name
  if (!isPod && !isWorkload) return
  const workload = `${cluster}/${namespace}/${row.workload.kind}/${row.workload.name}`
  const object = { cluster, kind: isPod ? 'Pod' : row.workload.kind, namespace, name, workload }
  for (const { image } of row.containers) {
    const objects = found.get(image) ?? new Map<string, PullingObject>()
    found.set(image, objects)
    if (objects.get(workload)?.kind !== 'Pod') objects.set(workload, object)
  }
}
