import type { Controller } from '#runtime/controller.ts'
import type { ObjectStore, Stored } from '#runtime/object-store.ts'
import { needsReconcile, sameWork, type Watched } from '#runtime/predicates.ts'
import { LOW_PRIORITY } from '#runtime/work-queue.ts'

/**
 * Lets `controller` work on the objects of `store`, its own kind: on each change that needs it, stopping a run that
 * works on an old spec. A run goes on when its object is only suspended. The returned function ends it.
 */
export function enqueueOwn<T extends Stored & Watched>(
  store: ObjectStore<T>,
  controller: Controller,
): () => void {
  return store.onChange(({ key, old, current, initial }) => {
    if (!needsReconcile(old, current)) return
    controller.enqueue(key, {
      priority: initial ? LOW_PRIORITY : 0,
      supersede: old !== undefined && (current === undefined || !sameWork(old, current)),
    })
  })
}

/**
 * Lets `controller` work on its own objects when an object that they refer to changes.
 * @param dependants keys of the controller's objects that refer to the changed one
 * @param relevant whether the change matters to them; by default every one does
 */
export function enqueueDependants<T extends Stored>(
  store: ObjectStore<T>,
  controller: Controller,
  dependants: (changed: T) => Iterable<string>,
  relevant: (old: T | undefined, current: T | undefined) => boolean = () => true,
): () => void {
  return store.onChange(({ old, current, initial }) => {
    const changed = current ?? old
    if (changed === undefined || !relevant(old, current)) return
    const priority = initial ? LOW_PRIORITY : 0
    for (const key of dependants(changed)) controller.enqueue(key, { priority })
  })
}
