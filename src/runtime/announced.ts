import type { CustomObject } from '#runtime/custom-object.ts'
import { keyOf } from '#runtime/object-key.ts'

/**
 * Up to which status of each object events were recorded. A transition is told against this, not against the status
 * that is stored: a write whose answer got lost is stored all the same, and the next pass would find nothing new.
 * What another leader told meanwhile is not in here: forgetAll() when a term begins.
 */
export class Announced<Status extends object> {
  readonly #last = new Map<
    string,
    { readonly uid: string | undefined; readonly status: Status | undefined }
  >()

  /** The status that was told last; for an object never seen before, the one that it has now. To be asked before each write. */
  before(object: CustomObject<Status>): Status | undefined {
    const key = keyOf(object)
    const held = this.#last.get(key)
    if (held !== undefined && held.uid === object.metadata.uid) return held.status
    this.#last.set(key, { uid: object.metadata.uid, status: object.status })
    return object.status
  }

  /** What there was to tell about `status` was recorded. */
  set(object: CustomObject<Status>, status: Status): void {
    this.#last.set(keyOf(object), { uid: object.metadata.uid, status })
  }

  /** The object is gone. */
  forget(key: string): void {
    this.#last.delete(key)
  }

  forgetAll(): void {
    this.#last.clear()
  }
}
