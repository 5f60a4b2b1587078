import { keyOf } from '#runtime/object-key.ts'
import type { Stored } from '#runtime/object-store.ts'

interface Written<T> {
  readonly object: T
  /** Versions that are known to be older, as they are called: resource versions are opaque. */
  readonly replaced: ReadonlySet<string | undefined>
}

/**
 * What we wrote and the watch has not brought yet. Who decides by a status that it wrote itself a moment ago would
 * otherwise do its work a second time.
 */
export class OwnWrites<T extends Stored> {
  readonly #written = new Map<string, Written<T>>()

  /** @param base what the write was made from @param object what the API server has stored then */
  add(base: T, object: T): void {
    const held = this.#written.get(keyOf(object))
    const replaced = new Set(held?.replaced).add(base.metadata.resourceVersion)
    if (held !== undefined) replaced.add(held.object.metadata.resourceVersion)
    // Nothing was sent where nothing differed.
    replaced.delete(object.metadata.resourceVersion)
    this.#written.set(keyOf(object), { object, replaced })
  }

  /** The newer of what the watch shows and what was written. */
  latest(shown: T): T {
    const held = this.#written.get(keyOf(shown))
    if (held?.replaced.has(shown.metadata.resourceVersion)) return held.object
    // The watch has caught up.
    this.#written.delete(keyOf(shown))
    return shown
  }

  /** The object is gone. */
  forget(key: string): void {
    this.#written.delete(key)
  }

  forgetAll(): void {
    this.#written.clear()
  }
}
