import type { UsageTable } from '#inventory/usage-table.ts'
import type { UsingObject } from '#inventory/using-object.ts'
import type { ReflectorSink, ReplaceSession } from '#kube/list-collector.ts'

/** What every watched object has. */
export interface Identified {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** One way in which objects of a source use images. */
export interface Feed<T> {
  readonly table: UsageTable
  /** undefined: this object does not use images in this way. */
  readonly read: (item: T) => UsingObject | undefined
}

export interface ObjectSourceOptions<T> {
  readonly feeds: readonly Feed<T>[]
  /** Whether an object names images that could not be made out; absent: none ever does. */
  readonly isUnreadable?: (item: T) => boolean
  /** Called after each change of what the tables say; must not throw. */
  readonly onChange: () => void
}

/** Feeds the objects of one watch into tables, one for each way in which they use images. */
export class ObjectSource<T extends Identified> implements ReflectorSink<T> {
  readonly #options: ObjectSourceOptions<T>
  /** uid → `namespace/name`. */
  #unreadable = new Map<string, string>()

  constructor(options: ObjectSourceOptions<T>) {
    this.#options = options
  }

  /** Objects that name images that could not be made out: what they use is not known completely. */
  get unreadable(): readonly string[] {
    return [...this.#unreadable.values()]
  }

  upsert(item: T): void {
    this.#noticing(() => {
      for (const { table, read } of this.#options.feeds) {
        const object = read(item)
        if (object === undefined) table.remove(item)
        else table.upsert(object)
      }
      this.#note(this.#unreadable, item)
    })
  }

  remove(item: T): void {
    this.#noticing(() => {
      for (const { table } of this.#options.feeds) table.remove(item)
      this.#unreadable.delete(item.uid)
    })
  }

  beginReplace(): ReplaceSession<T> {
    const replacements = this.#options.feeds.map(({ table, read }) => ({ into: table.beginReplace(), read }))
    const unreadable = new Map<string, string>()
    return {
      add: (item) =>
        this.#noticing(() => {
          for (const { into, read } of replacements) {
            const object = read(item)
            if (object !== undefined) into.add(object)
          }
          this.#note(unreadable, item)
        }),
      commit: () =>
        this.#noticing(() => {
          for (const { into } of replacements) into.commit()
          this.#unreadable = unreadable
        }),
      abort: () => {
        for (const { into } of replacements) into.abort()
      },
    }
  }

  #note(unreadable: Map<string, string>, item: T): void {
    if (this.#options.isUnreadable?.(item)) unreadable.set(item.uid, `${item.namespace}/${item.name}`)
    else unreadable.delete(item.uid)
  }

  #noticing(change: () => void): void {
    const [first] = this.#options.feeds
    const before = first?.table.version
    change()
    if (first?.table.version !== before) this.#options.onChange()
  }
}
