import { ClusterWatch, type WatchObserverFactory } from '#clusters/cluster-watch.ts'
import { Coalesced } from '#clusters/coalesced.ts'
import { type ImageUses, imageUses } from '#inventory/image-uses.ts'
import { distinctPlatforms } from '#inventory/platforms.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { ClusterConnection } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#time/clock.ts'

/** How soon it is noticed that a watch went stale. Reading a snapshot notices at once. */
const LOOK_MS = 1_000

export interface LiveInventoryOptions {
  readonly clusters: readonly { readonly name: string; readonly connection: ClusterConnection }[]
  readonly clock: Clock
  readonly log: Log
  readonly observer?: WatchObserverFactory | undefined
}

/** Who uses which image, now: the pods and nodes of all clusters, watched. */
export class LiveInventory {
  readonly #clock: Clock
  readonly #watches: readonly ClusterWatch[]
  readonly #changed: Coalesced
  readonly #stopping = new AbortController()
  #cancelLook: (() => void) | undefined
  #version = 0
  #stale = true
  /** Weak: a snapshot takes more memory than the pods behind it, and is put together again when nobody holds one. */
  #last: WeakRef<InventorySnapshot> | undefined
  readonly #usesOf = new WeakMap<InventorySnapshot, ImageUses>()

  constructor({ clusters, clock, log, observer }: LiveInventoryOptions) {
    this.#clock = clock
    this.#changed = new Coalesced(log)
    const onChange = () => this.#invalidate()
    this.#watches = clusters.map(
      ({ name, connection }) => new ClusterWatch({ name, connection, clock, log, observer, onChange }),
    )
  }

  /** Begins to watch; a second call does nothing. */
  start(): void {
    if (this.#cancelLook !== undefined || this.#stopping.signal.aborted) return
    for (const watch of this.#watches) {
      watch.start()
      this.#announceSync(watch)
    }
    this.#look()
  }

  /** Ends all watches; resolves when nothing runs any more. No listener is called after that. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancelLook?.()
    await Promise.all(this.#watches.map((watch) => watch.stop()))
    this.#changed.stop()
  }

  /** Every cluster is complete and live at this moment. Without a cluster there is nothing to be synced. */
  get synced(): boolean {
    this.#refresh()
    return this.#watches.length > 0 && this.#watches.every(({ view }) => view.synced)
  }

  /** Resolves once every cluster is synced. @throws CANCELLED when the signal aborts, or on stop */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.whenSynced(signal)))
  }

  /** Whether a pod names `image`, as written. O(1); true for a pod of a list that has not ended yet. */
  has(image: string): boolean {
    return this.#watches.some(({ pods }) => pods.table.has(image))
  }

  /** Up to `limit` pods that name `image`, as written. O(pods). */
  podsUsing(image: string, limit: number): { cluster: string; namespace: string; name: string }[] {
    return this.#watches
      .flatMap(({ name, pods }) =>
        pods.table.podsUsing(image, limit).map((pod) => ({ cluster: name, ...pod })),
      )
      .slice(0, limit)
  }

  /**
   * Calls `listener` after images, their users, synced or platforms changed: once for all changes of one turn of the
   * event loop. The returned function ends that.
   */
  onChange(listener: () => void): () => void {
    return this.#changed.add(listener)
  }

  /** The same object as before while nothing changed. */
  snapshot(): InventorySnapshot {
    this.#refresh()
    const before = this.#last?.deref()
    if (before !== undefined && !this.#stale) return before
    const clusters = this.#watches.map(({ name, pods }) => ({ name, table: pods.table }))
    const uses = imageUses(clusters, before === undefined ? undefined : this.#usesOf.get(before))
    const views = this.#watches.map(({ view }) => view)
    if (this.#stale) this.#version += 1
    const snapshot: InventorySnapshot = {
      version: this.#version,
      takenAt: this.#clock.now(),
      synced: views.length > 0 && views.every(({ synced }) => synced),
      clusters: views,
      platforms: distinctPlatforms(this.#watches.flatMap(({ nodes }) => [...nodes.platforms()])),
      pods: views.reduce((sum, { pods }) => sum + pods, 0),
      images: uses.images,
    }
    this.#usesOf.set(snapshot, uses)
    this.#last = new WeakRef(snapshot)
    this.#stale = false
    return snapshot
  }

  #invalidate(): void {
    this.#stale = true
    this.#changed.notify()
  }

  #refresh(): void {
    let changed = false
    for (const watch of this.#watches) if (watch.refresh()) changed = true
    if (changed) this.#invalidate()
  }

  #look(): void {
    this.#refresh()
    this.#cancelLook = this.#clock.schedule(LOOK_MS, () => this.#look())
  }

  /** The first sync is announced at once; later changes of it are seen by looking. */
  #announceSync(watch: ClusterWatch): void {
    watch.whenSynced(this.#stopping.signal).then(
      () => this.#refresh(),
      // Stopped before: there is nothing to announce.
      () => undefined,
    )
  }
}
