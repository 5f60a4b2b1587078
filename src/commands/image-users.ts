import type { UsageRow } from '#inventory/aggregate.ts'
import type { WorkloadUser } from '#inventory/snapshot.ts'
import { USE_KINDS } from '#inventory/using-object.ts'

/** Who uses one image, all of them. */
export interface ImageUsers {
  /** Distinct, sorted; those in which only a node caches it are among them. */
  readonly clusters: readonly string[]
  /** Strongest kinds of use first, then by cluster, namespace, kind and name. Nodes that cache it are none. */
  readonly workloads: readonly WorkloadUser[]
}

/** The users of each image of `rows`, by its text. */
export function imageUsers(rows: Iterable<UsageRow>): ReadonlyMap<string, ImageUsers> {
  const found = new Map<string, Gathered>()
  for (const { cluster, namespace, workload, use, containers } of rows) {
    // No name holds a NUL, and it sorts before everything that one holds.
    const key = [cluster, namespace, workload.kind, workload.name].join('\0')
    const rank = USE_KINDS.indexOf(use)
    for (const { image } of containers) {
      const gathered = found.get(image) ?? { clusters: new Set(), ranks: new Map() }
      found.set(image, gathered)
      gathered.clusters.add(cluster)
      if (use !== 'node') gathered.ranks.set(key, Math.min(rank, gathered.ranks.get(key) ?? rank))
    }
  }
  return new Map(
    [...found].map(([image, { clusters, ranks }]) => [
      image,
      { clusters: [...clusters].sort(), workloads: sortedKeys(ranks).map(userOf) },
    ]),
  )
}

interface Gathered {
  readonly clusters: Set<string>
  /** By user: its strongest kind of use. */
  readonly ranks: Map<string, number>
}

function sortedKeys(ranks: ReadonlyMap<string, number>): string[] {
  return [...ranks].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([key]) => key)
}

function userOf(key: string): WorkloadUser {
  const [cluster = '', namespace = '', kind = '', name = ''] = key.split('\0')
  return { cluster, namespace, kind, name }
}
