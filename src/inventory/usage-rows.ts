import type { UsageRow } from '#inventory/aggregate.ts'
import type { OwnerIndex } from '#inventory/owner-index.ts'
import type { StringPool } from '#inventory/string-pool.ts'
import type { ContainerFilter, ContainerTexts, UsagePool } from '#inventory/usage-pool.ts'

interface Texts extends ContainerTexts {
  readonly text: (id: number) => string
}

/** Reads usages as plain data, with the workloads that people know in place of the owners. */
export class UsageRows {
  readonly #usages: UsagePool
  readonly #owners: OwnerIndex
  readonly #texts: Texts

  constructor(texts: StringPool, usages: UsagePool, owners: OwnerIndex) {
    this.#usages = usages
    this.#owners = owners
    this.#texts = {
      text: (id) => texts.text(id),
      image: (id) => usages.image(id),
      running: (id) => usages.running(id),
    }
  }

  /** All usages. Where something changes during the walk: see `ChangeStamps.markMoved`. */
  *all(cluster: string): Generator<UsageRow> {
    const read = this.reader(cluster)
    for (let id = 0; id < this.#usages.idEnd; id++) if (this.#usages.count(id) > 0) yield read(id)
  }

  /** The usages that name an image which `isWanted` marks by its id, without their other containers. The same holds. */
  *naming(cluster: string, isWanted: Uint8Array): Generator<UsageRow> {
    const read = this.reader(cluster, (image) => isWanted[image] === 1)
    for (const id of this.#usages.naming(isWanted)) if (this.#usages.count(id) > 0) yield read(id)
  }

  /** Reads any number of usages, each text once. Not to be used over a change. */
  reader(cluster: string, wanted?: ContainerFilter): (usage: number) => UsageRow {
    const { text, image, running } = this.#texts
    const texts = { text: remembered(text), image: remembered(image), running: remembered(running) }
    return (id) => this.#read(id, cluster, wanted, texts)
  }

  one(id: number, cluster: string): UsageRow {
    return this.#read(id, cluster, undefined, this.#texts)
  }

  #read(id: number, cluster: string, wanted: ContainerFilter | undefined, texts: Texts): UsageRow {
    const head = this.#usages.head(id)
    return {
      cluster,
      namespace: texts.text(head.namespace),
      workload: this.#owners.workloadOf(head.ownerKind, head.namespace, head.ownerName, texts.text),
      use: head.use,
      finished: head.finished,
      hasPullSecrets: head.hasPullSecrets,
      count: this.#usages.count(id),
      containers: this.#usages.containers(id, wanted, texts),
    }
  }
}

/** `read`, called once for each id. */
function remembered<T>(read: (id: number) => T): (id: number) => T {
  const known: (T | undefined)[] = []
  return (id) => {
    const before = known[id]
    if (before !== undefined) return before
    const value = read(id)
    known[id] = value
    return value
  }
}
