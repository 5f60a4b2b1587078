import { asTallymanError } from '#catalogue/error.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { namesOfAll } from '#controllers/registry-names.ts'
import {
  IMAGE_INVENTORIES,
  type ImageInventoryObject,
  type RegistryObject,
  specOf,
} from '#controllers/resources.ts'
import {
  ImageInventorySpec,
  type ImageInventoryStatus,
  UNMATCHED_HOSTS_IN_STATUS,
} from '#crds/image-inventory.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { type Unmatched, unmatchedImages } from '#inventory/unmatched.ts'
import { Announced } from '#runtime/announced.ts'
import { getCondition, type NewCondition, type Stamp, setCondition } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import { markReady, markStalled } from '#runtime/kstatus-marks.ts'
import { parseKey } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'

/** What the controllers need of the live inventory. */
export interface Snapshots {
  snapshot(): InventorySnapshot
}

/** Keeps the status of an ImageInventory: a summary of the live list, and whether it is complete. */
export class ImageInventoryController {
  readonly #deps: ControllerDeps
  readonly #live: Snapshots
  readonly #store: ObjectStore<ImageInventoryObject>
  readonly #registries: ObjectStore<RegistryObject>
  readonly #announced = new Announced<ImageInventoryStatus>()

  constructor(
    deps: ControllerDeps,
    live: Snapshots,
    store: ObjectStore<ImageInventoryObject>,
    registries: ObjectStore<RegistryObject>,
  ) {
    this.#deps = deps
    this.#live = live
    this.#store = store
    this.#registries = registries
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const inventory = this.#store.get(key)
    if (inventory === undefined || inventory.metadata.deletionTimestamp !== undefined) {
      const { namespace = '', name } = parseKey(key)
      this.#announced.forget(key)
      this.#deps.objectMetrics.forget({ kind: IMAGE_INVENTORIES.kind, namespace, name })
      return DONE
    }

    const stamp = { generation: inventory.metadata.generation ?? 0, now: this.#deps.clock.now() }
    try {
      const spec = specOf(ImageInventorySpec, inventory)
      this.#deps.objectMetrics.suspended(subjectOf(inventory), spec.suspend)
      if (spec.suspend) return DONE
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const marked = markStalled(inventory.status ?? {}, stamp, 'SpecInvalid', error)
      await this.#write(inventory, { ...inventory.status, ...marked }, signal)
      throw error
    }

    const snapshot = this.#live.snapshot()
    const unmatched = unmatchedImages(
      snapshot,
      namesOfAll(this.#registries.list(inventory.metadata.namespace)),
    )
    const status = inventoryStatus(inventory.status ?? {}, snapshot, unmatched, stamp)
    await this.#write(inventory, status, signal)
    this.#measure(inventory, status)
    return DONE
  }

  async #write(
    inventory: ImageInventoryObject,
    status: ImageInventoryStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const handled = requestedAt(inventory)
    const next = handled === undefined ? status : { ...status, lastHandledReconcileAt: handled }
    const announced = this.#announced.before(inventory)
    await this.#deps.status.write(IMAGE_INVENTORIES, inventory, next, signal)
    this.#deps.objectMetrics.conditions(subjectOf(inventory), next.conditions ?? [])
    this.#announced.set(inventory, next)
    const before = getCondition(announced?.conditions ?? [], 'Synced')
    const now = getCondition(next.conditions ?? [], 'Synced')
    if (now === undefined || now.status === before?.status) return
    // A first list that has not ended yet is no news.
    if (now.status === 'True') this.#deps.events.record(inventory, 'InventorySynced', now.message)
    else if (before !== undefined) this.#deps.events.record(inventory, 'InventoryNotSynced', now.message)
  }

  #measure(inventory: ImageInventoryObject, status: ImageInventoryStatus): void {
    const { objectMetrics } = this.#deps
    const subject = subjectOf(inventory)
    const labels = { namespace: subject.namespace, name: subject.name }
    objectMetrics.set(subject, 'tallyman_inventory_images', [{ labels, value: status.images ?? 0 }])
    objectMetrics.set(subject, 'tallyman_inventory_unmatched_images', [
      { labels, value: status.unmatchedImages ?? 0 },
    ])
  }
}

/** As image-inventory.ts bounds it. */
const MAX_HOST = 255

/** The status that a snapshot stands for. */
export function inventoryStatus(
  status: ImageInventoryStatus,
  snapshot: InventorySnapshot,
  unmatched: Unmatched,
  stamp: Stamp,
): ImageInventoryStatus {
  const marked = markReady(
    status,
    stamp,
    'The clusters are watched; whether the list is complete is the condition Synced',
  )
  return {
    ...status,
    ...marked,
    conditions: setCondition(marked.conditions, syncedCondition(snapshot), stamp),
    clustersTotal: snapshot.clusters.length,
    clusters: snapshot.clusters.map(({ name, synced, pods, reason }) => ({
      name,
      synced,
      pods,
      ...(reason === undefined ? {} : { message: reason.slice(0, 1024) }),
    })),
    images: snapshot.images.length,
    pods: snapshot.pods,
    unparsable: unmatched.unparsable,
    unmatchedImages: unmatched.images,
    unmatchedHosts: unmatched.hosts
      .slice(0, UNMATCHED_HOSTS_IN_STATUS)
      // A pod may name a host of any length; the API server would refuse the status as a whole.
      .map(({ host, images }) => ({ host: host.slice(0, MAX_HOST), images })),
  }
}

function syncedCondition(snapshot: InventorySnapshot): NewCondition {
  if (snapshot.synced) {
    const clusters = snapshot.clusters.map(({ name }) => name).join(', ')
    return { type: 'Synced', status: 'True', reason: 'AllSynced', message: `Complete and live: ${clusters}` }
  }
  const reasons = snapshot.clusters
    .filter(({ synced }) => !synced)
    .map(({ name, reason }) => `${name}: ${reason ?? 'not listed yet'}`)
  return {
    type: 'Synced',
    status: 'False',
    reason: 'WatchBroken',
    message: reasons.join('; ') || 'No cluster is watched',
  }
}

function subjectOf(inventory: ImageInventoryObject) {
  return {
    kind: IMAGE_INVENTORIES.kind,
    namespace: inventory.metadata.namespace ?? '',
    name: inventory.metadata.name,
  }
}
