import type { ImageQuery, NamedUses, ObjectUse } from '#inventory/cluster-uses.ts'
import { USE_KINDS, type UseKind } from '#inventory/using-object.ts'

/** Who uses some images in one cluster. Lists are cut at the limit of the question, counts are whole. */
export interface ClusterUsers {
  readonly cluster: string
  readonly workloadCount: number
  /** Strongest kinds of use first, then by namespace, kind and name. */
  readonly workloads: readonly WorkloadUse[]
  readonly nodeCount: number
  /** Nodes that have it in their cache, sorted. */
  readonly nodes: readonly string[]
}

/** One workload and one way in which it uses them. */
export interface WorkloadUse {
  readonly namespace: string
  /** The owner that people know; what has none is its own. */
  readonly kind: string
  readonly name: string
  readonly use: UseKind
  /** As written, sorted. */
  readonly images: readonly string[]
  /** Its pods, or the objects of another kind that name the images: a Deployment, four old ReplicaSets. */
  readonly objectCount: number
  readonly pullFailures: number
  /** Where `use` is `pod`: those that cannot pull first, then by name. */
  readonly pods: readonly PodUse[]
}

export interface PodUse {
  readonly name: string
  /** Empty where it is not scheduled. */
  readonly node: string
  readonly phase: string
  /** A container waits because one of the images cannot be pulled. */
  readonly pullFailing: boolean
  /** Ms since the epoch, up to a minute late. */
  readonly finishedAt?: number | undefined
}

/**
 * Who uses the images asked for, for each cluster in which somebody does. O(objects).
 * @param limit how many workloads, nodes, and pods of each workload are named
 */
export function whoUses(clusters: readonly NamedUses[], query: ImageQuery, limit: number): ClusterUsers[] {
  return clusters.flatMap(({ name, uses }) => {
    const users = new Users(limit)
    for (const object of uses.objectsUsing(name, query)) users.add(object)
    return users.isEmpty ? [] : [users.in(name)]
  })
}

class Users {
  readonly #limit: number
  readonly #workloads = new Map<string, Workload>()
  readonly #nodes: string[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#workloads.size === 0 && this.#nodes.length === 0
  }

  add(object: ObjectUse): void {
    const { use, namespace, workload } = object.row
    if (use === 'node') {
      this.#nodes.push(object.name)
      return
    }
    // No name holds a NUL, and it sorts before everything that one holds.
    const key = [USE_KINDS.indexOf(use), namespace, workload.kind, workload.name].join('\0')
    let known = this.#workloads.get(key)
    if (known === undefined) {
      known = new Workload(object.row, this.#limit)
      this.#workloads.set(key, known)
    }
    known.add(object)
  }

  in(cluster: string): ClusterUsers {
    const keys = [...this.#workloads.keys()].sort().slice(0, this.#limit)
    return {
      cluster,
      workloadCount: this.#workloads.size,
      workloads: keys.flatMap((key) => this.#workloads.get(key)?.use ?? []),
      nodeCount: this.#nodes.length,
      nodes: this.#nodes.sort().slice(0, this.#limit),
    }
  }
}

class Workload {
  readonly #row: ObjectUse['row']
  readonly #limit: number
  readonly #images = new Set<string>()
  #objects = 0
  #pullFailures = 0
  #failing: PodUse[] = []
  #others: PodUse[] = []

  constructor(row: ObjectUse['row'], limit: number) {
    this.#row = row
    this.#limit = limit
  }

  add({ row, name, node, phase, finishedAt }: ObjectUse): void {
    this.#objects += 1
    for (const { image } of row.containers) this.#images.add(image)
    if (row.use !== 'pod') return
    const pullFailing = row.containers.some((container) => container.pullFailing)
    if (pullFailing) this.#pullFailures += 1
    const pods = pullFailing ? this.#failing : this.#others
    if (pods.length === this.#limit) return
    pods.push({ name, node, phase, pullFailing, ...(finishedAt === undefined ? {} : { finishedAt }) })
  }

  get use(): WorkloadUse {
    const { namespace, workload, use } = this.#row
    return {
      namespace,
      kind: workload.kind,
      name: workload.name,
      use,
      images: [...this.#images].sort(),
      objectCount: this.#objects,
      pullFailures: this.#pullFailures,
      pods: [...this.#failing.sort(byName), ...this.#others.sort(byName)].slice(0, this.#limit),
    }
  }
}

function byName(a: PodUse, b: PodUse): number {
  return a.name < b.name ? -1 : 1
}
