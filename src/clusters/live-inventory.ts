import { setImmediate } from 'node:timers/promises'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import { isSameAccess } from '#clusters/cluster-access.ts'
import { BARRIER_TIMEOUT_MS, ClusterLink } from '#clusters/cluster-link.ts'
import type { WatchObserverFactory } from '#clusters/cluster-watch.ts'
import { Coalesced } from '#clusters/coalesced.ts'
import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { type ImageNodes, imageNodesInSteps } from '#inventory/image-nodes.ts'
import { Inventory, type InventoryPolicy, type MemoryState } from '#inventory/inventory.ts'
import { countedClusters, SnapshotMaker } from '#inventory/inventory-snapshot.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import { type PullingObject, pullingObjectsInSteps } from '#inventory/pulling-objects.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { REMEMBERED_AT_ONCE } from '#inventory/watched-cluster.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Log } from '#kube/log.ts'
import type { WatchLoop } from '#kube/reflector.ts'
import { calmly } from '#time/calmly.ts'
import type { Clock } from '#time/clock.ts'

/** How soon it is noticed that a watch went stale. Reading a snapshot notices at once. */
const LOOK_MS = 1_000
const SWEEP_EVERY_MS = 10 * 60_000
/** So many objects and containers are looked at in one turn of the event loop. */
const STEP = 2_500

export interface LiveInventoryOptions {
  readonly config: InventoryConfig
  /** `none`: nothing is remembered, and finished pods count as long as they exist. */
  readonly memory: MemoryState
  readonly clock: Clock
  readonly log: Log
  readonly observer?: WatchObserverFactory | undefined
}

/** Who uses which image, now and lately: the clusters of one ImageInventory, watched. */
export class LiveInventory {
  /** What is known, as plain data; this class is its senses. */
  readonly inventory: Inventory
  readonly #options: LiveInventoryOptions
  readonly #snapshots: SnapshotMaker
  readonly #links = new Map<string, ClusterLink>()
  readonly #changed: Coalesced
  readonly #stopping = new AbortController()
  #config: InventoryConfig
  #ending: Promise<void> = Promise.resolve()
  #started = false
  #cancelLook: (() => void) | undefined
  #remembering = false
  #nextSweepAt = Number.NEGATIVE_INFINITY
  #said: string | undefined

  constructor(options: LiveInventoryOptions) {
    this.#options = options
    this.#config = options.config
    this.inventory = new Inventory(policyOf(options.config), options.memory)
    this.#snapshots = new SnapshotMaker(this.inventory)
    this.#changed = new Coalesced(options.log)
  }

  /** Begins to watch; a second call does nothing. */
  start(): void {
    if (this.#started || this.#stopping.signal.aborted) return
    this.#started = true
    this.#relink()
    this.#look()
  }

  /** Takes on another configuration. What it leaves as it was goes on without an interruption. */
  configure(config: InventoryConfig): void {
    const sourcesChanged =
      config.sources !== this.#config.sources || config.retainMs !== this.#config.retainMs
    this.#config = config
    this.inventory.configure(policyOf(config), this.#now())
    if (this.#started) this.#relink(sourcesChanged)
    this.#changed.notify()
  }

  /** Ends all watches; resolves when nothing runs any more. What they held stays, and no listener is called after that. */
  async stop(): Promise<void> {
    this.#stopping.abort(new TallymanError('CANCELLED', 'The inventory is no longer watched'))
    this.#cancelLook?.()
    await Promise.all([...this.#links.values()].map((link) => link.stop()))
    await this.#ending
    this.#changed.stop()
  }

  /** Of what it was configured with last (InventoryConfig.mark). */
  get mark(): string | undefined {
    return this.#config.mark
  }

  /** Every required cluster is complete and live at this moment. */
  get synced(): boolean {
    this.#refresh()
    return this.#snapshots.isSynced
  }

  /** That list is good enough to delete by, as far as its clusters are concerned. */
  get trusted(): boolean {
    this.#refresh()
    return this.#snapshots.verdict(this.#now()).trusted
  }

  /** Every list and watch of its clusters, named `cluster/source`. */
  loops(): WatchLoop[] {
    return [...this.#links.values()].flatMap((link) => link.watch?.loops() ?? [])
  }

  /** The clusters over a connection of somebody else, such as the one that we run in, that have not been looked at yet. */
  get unseen(): string[] {
    this.#refresh()
    return [...this.#links.values()]
      .filter(({ access, isLookedAt }) => access.kind === 'connection' && !isLookedAt)
      .map(({ name }) => name)
  }

  /** Resolves once every required cluster is synced. @throws CANCELLED when the signal aborts, or on stop */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await this.#until(() => this.synced, signal)
  }

  /** The same, but that nobody waits for a cluster that is not reached, or is not the one that is meant. */
  async whenSettled(signal?: AbortSignal): Promise<void> {
    await this.#until(() => {
      this.#refresh()
      return [...this.#links.values()].every(({ isSettled }) => isSettled)
    }, signal)
  }

  async #until(holds: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const given = signal === undefined ? [] : [signal]
    const ended = AbortSignal.any([this.#stopping.signal, ...given])
    while (!holds()) {
      if (ended.aborted) throw new TallymanError('CANCELLED', 'Nothing waits any more for the inventory')
      await this.nextChange(ended)
    }
  }

  /** Whether something uses `image`, as written. O(1); true for an object of a list that has not ended yet. */
  has(image: string): boolean {
    return this.inventory.clusters.some(({ uses }) => uses.has(image))
  }

  /** Where `images`, as written, run, ran and lie (image-nodes.ts). */
  nodesOf(images: Iterable<string>, limit: number): Promise<ReadonlyMap<string, ImageNodes>> {
    return calmly(imageNodesInSteps(countedClusters(this.inventory), images, limit, STEP))
  }

  /** What pulls `images`, as written, one object for each workload (pulling-objects.ts). */
  pullingObjects(images: Iterable<string>): Promise<ReadonlyMap<string, readonly PullingObject[]>> {
    return calmly(pullingObjectsInSteps(countedClusters(this.inventory), images, STEP))
  }

  /** For single calls to a cluster by its name; undefined: it is not watched. */
  client(cluster: string): KubeClient | undefined {
    return this.#links.get(cluster)?.client
  }

  /**
   * Calls `listener` after images, their users, a verdict or platforms changed: once for all changes of one turn of the
   * event loop. The returned function ends that.
   */
  onChange(listener: () => void): () => void {
    return this.#changed.add(listener)
  }

  /** Resolves when the listeners of `onChange` are called next, or when the signal aborts. */
  async nextChange(signal: AbortSignal): Promise<void> {
    await this.#changed.next(signal)
  }

  /** The same object as before while nothing changed. */
  snapshot(): InventorySnapshot {
    this.#refresh()
    return this.#snapshots.make({
      now: this.#now(),
      platforms: [...this.#links.values()].flatMap((link) => [...link.platforms()]),
      pins: this.#config.pins,
      pinProblems: this.#config.pinProblems,
    })
  }

  /** The same, put together bit by bit: the first one of a large cluster takes long enough to hold everything up. */
  async calmSnapshot(): Promise<InventorySnapshot> {
    await calmly(this.#snapshots.catchUp())
    return this.snapshot()
  }

  /**
   * A snapshot that is complete for everything that was created before this call (S03): it is synced, and `barrier` is not before the call.
   * @throws BARRIER_NOT_REACHED, KUBE_* where that can't be proven within `timeoutMs`; CANCELLED by the signal
   */
  async barrier(signal: AbortSignal, timeoutMs: number = BARRIER_TIMEOUT_MS): Promise<InventorySnapshot> {
    const begun = this.#now().monotonic
    const ended = AbortSignal.any([signal, this.#stopping.signal])
    this.#refresh()
    // What is not required counts as long as it is there.
    const counted = this.inventory.clusters.filter(
      ({ policy, sameAs, synced }) => sameAs === undefined && (policy.required || synced),
    )
    try {
      await Promise.all(counted.map(({ name }) => this.#links.get(name)?.barrier(ended, timeoutMs)))
    } catch (error) {
      // A watch that ends takes its barriers along. Whoever waits for one was not told to stop, and would leave to others what is his (S44).
      if (!hasCode(error, 'CANCELLED') || signal.aborted) throw error
      const message = 'The inventory is not known to be complete: a watch of it ended meanwhile'
      throw new TallymanError('BARRIER_NOT_REACHED', message, { cause: error })
    }
    const snapshot = await this.calmSnapshot()
    const { barrier, synced, notSynced } = snapshot
    if (synced && barrier !== undefined && barrier.monotonic >= begun) return snapshot
    const why = notSynced.join('; ') || 'its clusters changed meanwhile'
    throw new TallymanError('BARRIER_NOT_REACHED', `The inventory is not known to be complete: ${why}`)
  }

  #relink(anew = false): void {
    const { clock, log, observer } = this.#options
    const wanted = new Map(this.#config.clusters.map((entry) => [entry.policy.name, entry]))
    for (const [name, link] of this.#links) {
      const entry = wanted.get(name)
      if (!anew && entry !== undefined && isSameAccess(link.access, entry.access)) continue
      this.#links.delete(name)
      this.#ending = Promise.all([this.#ending, link.leave()]).then(() => undefined)
    }
    for (const [name, { access }] of wanted) {
      const cluster = this.inventory.cluster(name)
      if (this.#links.has(name) || cluster === undefined) continue
      const { sources, retainMs } = this.#config
      const link = new ClusterLink({
        ...{ inventory: this.inventory, cluster, access, sources, clock, log, observer },
        retainMs: this.#options.memory === 'none' ? undefined : retainMs,
        onChange: () => this.#changed.notify(),
      })
      this.#links.set(name, link)
      link.start()
    }
  }

  /** Time alone makes a watch stale. */
  #refresh(): void {
    for (const link of this.#links.values()) link.refresh()
  }

  #look(): void {
    if (this.#stopping.signal.aborted) return
    this.#refresh()
    const now = this.#now()
    // What appeared is remembered bit by bit; what is gone again, at once.
    this.inventory.tick(now, 0)
    void this.#rememberAll()
    if (now.monotonic >= this.#nextSweepAt) {
      this.#nextSweepAt = now.monotonic + SWEEP_EVERY_MS
      for (const link of this.#links.values()) link.watch?.sweep()
    }
    for (const link of this.#links.values()) link.proveIfDue()
    this.#announce()
    this.#cancelLook = this.#options.clock.schedule(LOOK_MS, () => this.#look())
  }

  /** After a list there is much to remember. */
  async #rememberAll(): Promise<void> {
    if (this.#remembering) return
    this.#remembering = true
    try {
      do await setImmediate()
      while (!this.#stopping.signal.aborted && this.inventory.rememberMore(this.#now(), REMEMBERED_AT_ONCE))
    } finally {
      this.#remembering = false
    }
  }

  /** What changes without an event of a watch is told as well. */
  #announce(): void {
    const now = this.#now()
    const said = this.inventory.clusters
      .map((cluster) => `${cluster.notSynced} ${cluster.distrusts(now).map(({ reason }) => reason)}`)
      .join(';')
    if (said === this.#said) return
    this.#said = said
    this.#changed.notify()
  }

  #now(): Moment {
    const { clock } = this.#options
    return { wall: clock.now(), monotonic: clock.monotonic() }
  }
}

function policyOf({ retainMs, clusters, release }: InventoryConfig): InventoryPolicy {
  return { retainMs, clusters: clusters.map(({ policy }) => policy), release }
}
