import { asTallymanError } from '#catalogue/error.ts'
import type { LiveInventory } from '#clusters/live-inventory.ts'
import type { ControllerDeps } from '#controllers/deps.ts'
import { sourcesConfig } from '#controllers/inventory-setup.ts'
import { inventoryStatus } from '#controllers/inventory-status.ts'
import { namedRegistries, namesOfAll } from '#controllers/named-registries.ts'
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
import { locator } from '#inventory/locate.ts'
import { compilePins } from '#inventory/pins.ts'
import { type ImageUse, type InventorySnapshot, isPulled } from '#inventory/snapshot.ts'
import { type KnownRegistry, suspectedAliases } from '#inventory/suspected-aliases.ts'
import { unmatchedImages } from '#inventory/unmatched.ts'
import { Announced } from '#runtime/announced.ts'
import { getCondition } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'
import { markStalled } from '#runtime/kstatus-marks.ts'
import { parseKey } from '#runtime/object-key.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { OwnWrites } from '#runtime/own-writes.ts'
import { requestedAt } from '#runtime/predicates.ts'
import { DONE, type Result } from '#runtime/result.ts'
import { jittered } from '#time/backoff.ts'

/** What the controllers need of the live inventories, by `namespace/name`. */
export interface LiveInventories {
  get(key: string): Pick<LiveInventory, 'calmSnapshot' | 'nodesOf' | 'pullingObjects' | 'client'> | undefined
}

/** How soon it is looked again for an inventory that is not set up yet. */
const NOT_SET_UP_MS = 1_000
/** Coverage grows without an event. */
const LOOK_AGAIN_MS = 10 * 60_000

/** Keeps the status of an ImageInventory: a summary of the live list, and whether it is complete. */
export class ImageInventoryController {
  readonly #deps: ControllerDeps
  readonly #live: LiveInventories
  readonly #store: ObjectStore<ImageInventoryObject>
  readonly #registries: ObjectStore<RegistryObject>
  readonly #announced = new Announced<ImageInventoryStatus>()
  readonly #own = new OwnWrites<ImageInventoryObject>()

  constructor(
    deps: ControllerDeps,
    live: LiveInventories,
    store: ObjectStore<ImageInventoryObject>,
    registries: ObjectStore<RegistryObject>,
  ) {
    this.#deps = deps
    this.#live = live
    this.#store = store
    this.#registries = registries
  }

  /** What another leader told since our last term is not remembered here. */
  readonly beginTerm = (): void => {
    this.#announced.forgetAll()
    this.#own.forgetAll()
  }

  readonly reconcile = async (key: string, { signal }: ReconcileContext): Promise<Result> => {
    const shown = this.#store.get(key)
    if (shown === undefined || shown.metadata.deletionTimestamp !== undefined) {
      const { namespace = '', name } = parseKey(key)
      this.#announced.forget(key)
      this.#own.forget(key)
      this.#deps.objectMetrics.forget({ kind: IMAGE_INVENTORIES.kind, namespace, name })
      return DONE
    }

    // The watch may not have brought yet what was written last: held against that, a verdict that is back would be no news.
    const inventory = this.#own.latest(shown)
    const stamp = { generation: inventory.metadata.generation ?? 0, now: this.#deps.clock.now() }
    try {
      const spec = specOf(ImageInventorySpec, inventory)
      this.#deps.objectMetrics.suspended(subjectOf(inventory), spec.suspend)
      // What no CEL rule can say of sources and pins is found here.
      sourcesConfig(spec)
      compilePins(spec.pins.patterns ?? [])
      if (spec.suspend) return DONE
    } catch (thrown) {
      const error = asTallymanError(thrown)
      const stalled = (status: ImageInventoryStatus) => ({
        ...status,
        ...markStalled(status, stamp, 'SpecInvalid', error),
      })
      await this.#write(inventory, stalled, signal)
      throw error
    }

    const live = this.#live.get(key)
    if (live === undefined) return { requeueAfterMs: NOT_SET_UP_MS }
    const snapshot = await live.calmSnapshot()
    const registries = this.#registries.list(inventory.metadata.namespace)
    const findings = {
      unmatched: unmatchedImages(snapshot, namesOfAll(registries)),
      suspectedAliases: suspectedAliases(
        snapshot.images.filter(isPulled),
        registriesInUse(namedRegistries(registries), snapshot.images),
        UNMATCHED_HOSTS_IN_STATUS,
      ),
    }
    const compute = (status: ImageInventoryStatus) => inventoryStatus(status, snapshot, findings, stamp)
    this.#measure(inventory, await this.#write(inventory, compute, signal), snapshot)
    return { requeueAfterMs: jittered(LOOK_AGAIN_MS, 0.1) }
  }

  async #write(
    inventory: ImageInventoryObject,
    compute: (status: ImageInventoryStatus) => ImageInventoryStatus,
    signal: AbortSignal,
  ): Promise<ImageInventoryStatus> {
    const handled = requestedAt(inventory)
    const announced = this.#announced.before(inventory)
    const answering = (status: ImageInventoryStatus = {}) =>
      handled === undefined ? compute(status) : { ...compute(status), lastHandledReconcileAt: handled }
    const written = await this.#deps.status.update(IMAGE_INVENTORIES, inventory, answering, signal)
    if (written !== undefined) this.#own.add(inventory, written)
    const next = written?.status ?? {}
    this.#deps.objectMetrics.conditions(subjectOf(inventory), next.conditions ?? [])
    this.#announced.set(inventory, next)
    this.#tell(inventory, announced, next)
    return next
  }

  #tell(
    inventory: ImageInventoryObject,
    announced: ImageInventoryStatus | undefined,
    next: ImageInventoryStatus,
  ): void {
    const changed = (type: 'Synced' | 'Trusted') => {
      const before = getCondition(announced?.conditions ?? [], type)
      const now = getCondition(next.conditions ?? [], type)
      return now === undefined || now.status === before?.status ? undefined : { before, now }
    }
    const { events } = this.#deps
    const synced = changed('Synced')
    // A first list that has not ended yet is no news.
    if (synced?.now.status === 'True') events.record(inventory, 'InventorySynced', synced.now.message)
    else if (synced?.before !== undefined) {
      events.record(inventory, 'InventoryNotSynced', synced.now.message)
    }
    const trusted = changed('Trusted')
    if (trusted?.now.status === 'True') events.record(inventory, 'InventoryTrusted', trusted.now.message)
    else if (trusted !== undefined && trusted.now.reason !== 'InventoryNotSynced') {
      events.record(inventory, 'InventoryNotTrusted', trusted.now.message)
    }
  }

  #measure(inventory: ImageInventoryObject, status: ImageInventoryStatus, snapshot: InventorySnapshot): void {
    const { objectMetrics, clock } = this.#deps
    const subject = subjectOf(inventory)
    const labels = { namespace: subject.namespace, name: subject.name }
    const { images = 0, remembered = 0, unmatchedImages: unmatched = 0 } = status
    objectMetrics.set(subject, 'tallyman_inventory_images', [{ labels, value: images }])
    objectMetrics.set(subject, 'tallyman_inventory_remembered_images', [{ labels, value: remembered }])
    objectMetrics.set(subject, 'tallyman_inventory_unmatched_images', [{ labels, value: unmatched }])
    const { coveredMs, barrier, clusters } = snapshot
    objectMetrics.set(
      subject,
      'tallyman_inventory_coverage_seconds',
      coveredMs === undefined ? [] : [{ labels, value: Math.floor(coveredMs / 1000) }],
    )
    objectMetrics.set(
      subject,
      'tallyman_inventory_barrier_age_seconds',
      barrier === undefined ? [] : [{ labels, value: (clock.monotonic() - barrier.monotonic) / 1000 }],
    )
    objectMetrics.set(
      subject,
      'tallyman_inventory_cluster_synced',
      clusters.map(({ name, synced }) => ({ labels: { ...labels, cluster: name }, value: Number(synced) })),
    )
    objectMetrics.set(
      subject,
      'tallyman_inventory_cluster_trusted',
      clusters.map(({ name, synced, distrusts }) => ({
        labels: { ...labels, cluster: name },
        value: Number(synced && distrusts.length === 0),
      })),
    )
  }
}

/** The registries with those of their repositories that images in use name: nobody has to be asked for these. */
function registriesInUse(
  registries: ReturnType<typeof namedRegistries>,
  images: readonly ImageUse[],
): KnownRegistry[] {
  return registries.map(({ registry, names }) => {
    const locate = locator(names)
    const located = images.flatMap(({ reference }) =>
      reference === undefined ? [] : (locate(reference) ?? []),
    )
    return { name: registry, names, repositories: new Set(located.map(({ repository }) => repository)) }
  })
}

function subjectOf(inventory: ImageInventoryObject) {
  return {
    kind: IMAGE_INVENTORIES.kind,
    namespace: inventory.metadata.namespace ?? '',
    name: inventory.metadata.name,
  }
}
