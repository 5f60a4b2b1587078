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

  /**
   * The usages of which `wanted` picks a container (absent: all usages). Containers that it does not pick are left
   * out. Not to be walked over a change.
   */
  *all(cluster: string, wanted?: ContainerFilter): Generator<UsageRow> {
    const read = this.reader(cluster, wanted)
    for (let id = 0; id < this.#usages.idEnd; id++) {
      if (this.#usages.count(id) > 0 && (wanted === undefined || this.#usages.some(id, wanted)))
        yield read(id)
    }
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
