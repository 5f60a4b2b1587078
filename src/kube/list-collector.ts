import type { WatchEvent } from './codec.ts'

/** Where a reflector puts what it reads. Every method is synchronous and must not throw. */
export interface ReflectorSink<T> {
  /** Begins a complete new set beside the present one. At most one is open at a time. */
  beginReplace(): ReplaceSession<T>
  /** The object is new or has changed. */
  upsert(item: T): void
  /** The object is gone; `item` is its last state. One that is not held is ignored. */
  remove(item: T): void
}

export interface ReplaceSession<T> {
  /** An object of the new set; one that was added before is replaced. */
  add(item: T): void
  /** The new set takes the place of the present one; what is only in the old one is gone. */
  commit(): void
  /** The new set is dropped, the present one stays. */
  abort(): void
}

type ObjectEvent<T> = Extract<WatchEvent<T>, { readonly item: T }>

/**
 * Collects a list and commits it whole. The initial events of a WatchList may be mixed with changes that happen
 * meanwhile: from the first deletion on, everything waits and is applied after the commit, in its order.
 */
export class ListCollector<T> {
  readonly #sink: ReflectorSink<T>
  readonly #session: ReplaceSession<T>
  readonly #waiting: ObjectEvent<T>[] = []
  #open = true
  #objects = 0

  constructor(sink: ReflectorSink<T>) {
    this.#sink = sink
    this.#session = sink.beginReplace()
  }

  add(item: T): void {
    this.#objects += 1
    this.#session.add(item)
  }

  event(event: ObjectEvent<T>): void {
    if (event.type === 'DELETED' || this.#waiting.length > 0) this.#waiting.push(event)
    else if (event.type === 'ADDED') this.add(event.item)
    else this.#session.add(event.item)
  }

  /** @returns the number of objects held now */
  commit(): number {
    this.#open = false
    this.#session.commit()
    for (const { type, item } of this.#waiting) {
      if (type === 'DELETED') this.#sink.remove(item)
      else this.#sink.upsert(item)
      this.#objects += objectsChangedBy(type)
    }
    return this.#objects
  }

  /** Drops what was collected, unless it was committed. */
  abort(): void {
    if (!this.#open) return
    this.#open = false
    this.#session.abort()
  }
}

/** By how many objects an event changes what is held. */
export function objectsChangedBy(type: ObjectEvent<unknown>['type']): number {
  if (type === 'MODIFIED') return 0
  return type === 'ADDED' ? 1 : -1
}
