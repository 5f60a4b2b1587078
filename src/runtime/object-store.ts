import type { ReflectorSink } from '#kube/list-collector.ts'
import type { Log } from '#kube/log.ts'
import { type Keyed, keyOf } from '#runtime/object-key.ts'

/** What a store keeps: enough to tell versions apart. */
export interface Stored extends Keyed {
  readonly metadata: Keyed['metadata'] & {
    readonly uid?: string
    readonly resourceVersion?: string
  }
}

export interface Change<T> {
  readonly key: string
  /** Absent: the object is new. */
  readonly old?: T | undefined
  /** Absent: the object is gone. */
  readonly current?: T | undefined
  /** True for what the first list brings: it is not news. */
  readonly initial: boolean
}

/**
 * The objects of one kind as the watch last saw them. Reads lag behind the API server: before anything that cannot be
 * taken back, GET.
 */
export class ObjectStore<T extends Stored> implements ReflectorSink<T> {
  readonly #log: Log
  readonly #handlers = new Set<(change: Change<T>) => void>()
  #objects = new Map<string, T>()
  #listed: boolean = false

  constructor(log: Log) {
    this.#log = log
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  /** In no order. Without a namespace: all. */
  list(namespace?: string): T[] {
    const all = [...this.#objects.values()]
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
  }

  keys(): Iterable<string> {
    return this.#objects.keys()
  }

  /** `handler` runs synchronously after each change is in the store. The returned function takes it away. */
  onChange(handler: (change: Change<T>) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }

  upsert(item: T): void {
    const key = keyOf(item)
    const old = this.#objects.get(key)
    if (old !== undefined && sameVersion(old, item)) return
    this.#objects.set(key, item)
    this.#tell({ key, old, current: item, initial: false })
  }

  remove(item: T): void {
    const key = keyOf(item)
    const old = this.#objects.get(key)
    if (old === undefined) return
    this.#objects.delete(key)
    this.#tell({ key, old, initial: false })
  }

  /** The new list is gathered aside and replaces the old at once, so that a list that breaks off removes nothing. */
  beginReplace(): { add(item: T): void; commit(): void; abort(): void } {
    const gathered = new Map<string, T>()
    return {
      add: (item) => void gathered.set(keyOf(item), item),
      commit: () => this.#replace(gathered),
      abort: () => gathered.clear(),
    }
  }

  #replace(gathered: Map<string, T>): void {
    const before = this.#objects
    const initial = !this.#listed
    this.#listed = true
    this.#objects = gathered
    for (const [key, current] of gathered) {
      const old = before.get(key)
      if (old === undefined || !sameVersion(old, current)) this.#tell({ key, old, current, initial })
    }
    for (const [key, old] of before) {
      if (!gathered.has(key)) this.#tell({ key, old, initial })
    }
  }

  /** A defect in one handler must not cost the others the change, nor the watch its life. */
  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change)
      } catch (err) {
        this.#log.error({ err, key: change.key }, 'a handler of changes failed')
      }
    }
  }
}

/** Resource versions are opaque: equal or not is all that they say. */
function sameVersion(a: Stored, b: Stored): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion
}
