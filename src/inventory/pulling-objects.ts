import type { NamedUses } from '#inventory/cluster-uses.ts'

/** One pod of a workload: the others are made from the same template. */
export interface PullingPod {
  readonly cluster: string
  readonly namespace: string
  readonly name: string
  /** `cluster/namespace/kind/name`. */
  readonly workload: string
}

/**
 * The workloads that run an image, each with one of its pods; those that have ended are left out. O(objects).
 * @param images as written
 * @returns by image
 */
export function pullingPods(
  clusters: readonly NamedUses[],
  images: Iterable<string>,
): Map<string, readonly PullingPod[]> {
  const asked = [...images]
  const found = new Map<string, Map<string, PullingPod>>()
  for (const { name: cluster, uses } of clusters) {
    for (const { row, name } of uses.objectsUsing(cluster, { images: asked })) {
      if (row.use !== 'pod' || row.finished) continue
      const { namespace } = row
      const workload = `${cluster}/${namespace}/${row.workload.kind}/${row.workload.name}`
      for (const { image } of row.containers) {
        const pods = found.get(image) ?? new Map<string, PullingPod>()
        found.set(image, pods)
        if (!pods.has(workload)) pods.set(workload, { cluster, namespace, name, workload })
      }
    }
  }
  return new Map([...found].map(([image, pods]) => [image, [...pods.values()]]))
}
