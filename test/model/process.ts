import type { InventoryPolicy } from '#inventory/inventory.ts'
import { Inventory } from '#inventory/inventory.ts'
import { SnapshotMaker } from '#inventory/inventory-snapshot.ts'
import { SaveSchedule } from '#inventory/ledger/save-schedule.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import { compilePins } from '#inventory/pins.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { UsingObject } from '#inventory/using-object.ts'
import type { Oracle } from './oracle.ts'
import type { Storage } from './storage.ts'
import type { Site, WorldCluster, WorldObject } from './world.ts'

/** As src/clusters and src/kube have them. */
const SILENCE_MS = 75_000
const STALE_MS = 90_000
const VERIFY_EVERY_MS = 60_000

/** How one process sees one site. */
interface View {
  /** Whose objects its tables hold. */
  of: WorldCluster | undefined
  /** Events of it that were applied. */
  applied: number
  heardAt: number
  verifiedAt: number
  /** What of it was handed over and is still there. */
  held: Map<string, WorldObject>
  /** The watch has ended. */
  broken: boolean
}

/** Wall clock of the operator minus true time; and the true time. */
export interface Clocks {
  now: number
  wallAheadMs: number
}

/**
 * One process of the operator: the real inventory, driven as src/clusters drives it, over a simulated wire. What it shows the
 * inventory, it tells the oracle.
 */
export class ModelProcess {
  readonly inventory: Inventory
  readonly #snapshots: SnapshotMaker
  readonly #views = new Map<string, View>()
  readonly #clocks: Clocks
  readonly #storage: Storage
  readonly #oracle: Oracle
  readonly #startedAt: number
  #policy: InventoryPolicy
  #schedule: SaveSchedule | undefined
  pinProblems: string[] = []
  readonly #pins = compilePins(['**/pause'])

  constructor(policy: InventoryPolicy, clocks: Clocks, storage: Storage, oracle: Oracle) {
    this.inventory = new Inventory(policy)
    this.#snapshots = new SnapshotMaker(this.inventory)
    this.#policy = policy
    this.#clocks = clocks
    this.#storage = storage
    this.#oracle = oracle
    this.#startedAt = clocks.now
  }

  get moment(): Moment {
    const { now, wallAheadMs } = this.#clocks
    return { wall: Date.UTC(2026, 0) + now + wallAheadMs, monotonic: now - this.#startedAt }
  }

  snapshot(): InventorySnapshot {
    return this.#snapshots.make({
      ...{ now: this.moment, platforms: [], pins: this.#pins, pinProblems: this.pinProblems },
    })
  }

  configure(policy: InventoryPolicy): void {
    this.#policy = policy
    this.inventory.configure(policy, this.moment)
    for (const name of this.#views.keys())
      if (this.inventory.cluster(name) === undefined) this.#views.delete(name)
  }

  /** The term begins: what is remembered is read. */
  load(sites: readonly Site[]): void {
    const { memories, complete } = this.#storage.load()
    // A process that led before has everything in its own memory.
    if (this.inventory.memories.length === 0) this.#oracle.loaded(memories, complete)
    this.inventory.load(memories, complete, this.moment)
    this.#schedule = new SaveSchedule(this.moment.monotonic)
    for (const site of sites) {
      const memory = this.inventory.cluster(site.name)?.memory
      if (memory === undefined) continue
      this.#oracle.adopted(site.name, memory.identity)
      for (const object of this.#views.get(site.name)?.held.values() ?? []) this.#oracle.shown(site, object)
    }
  }

  /** The term ends: another process may write. */
  unload(): void {
    this.inventory.unload(this.moment)
    this.#schedule = undefined
  }

  /** @returns false: it was killed meanwhile */
  save(what: 'entries' | 'head', writes?: number): boolean {
    if (this.#schedule === undefined) return true
    const { memories } = this.inventory
    const changed = new Map(
      memories.map((memory) => [
        memory.identity,
        what === 'entries' ? memory.takeUnsaved() : new Set<string>(),
      ]),
    )
    const done = this.#storage.save(memories, changed, writes)
    if (done) this.#schedule.saved(what, memories, this.moment.monotonic)
    return done
  }

  /** The Secret was replaced, or the spec changed: the connection begins anew. */
  relink(site: Site): void {
    this.inventory.cluster(site.name)?.detach(this.moment)
    this.#views.delete(site.name)
  }

  /** Everything that happens without anybody doing anything, at this moment. */
  settle(sites: readonly Site[]): void {
    for (const site of sites) this.#settle(site)
    for (const cluster of this.inventory.clusters) {
      cluster.uses.table('pods').expireFinished(cluster.timeIn(this.moment) - this.#policy.retainMs)
    }
    this.inventory.tick(this.moment)
    const due = this.#schedule?.due(this.inventory.memories, this.moment.monotonic)
    if (due !== undefined) this.save(due)
  }

  /** Whether everything that was created before now is known to be held. */
  barrier(site: Site): boolean {
    const view = this.#views.get(site.name)
    const cluster = this.inventory.cluster(site.name)
    if (cluster === undefined || view?.of === undefined || !this.#isLive(site, view)) return false
    if (view.of !== site.target || view.applied < view.of.events.length) return false
    cluster.barrierReached(this.moment)
    this.#oracle.barrierReached(site.name, this.#clocks.now)
    return true
  }

  /** The list is read again, and breaks off half-way: nothing may be missing for it. */
  breakList(site: Site): void {
    const view = this.#views.get(site.name)
    const cluster = this.inventory.cluster(site.name)
    if (cluster === undefined || view?.of === undefined || !this.#isLive(site, view)) return
    const session = cluster.uses.table('pods').beginReplace()
    const visible = [...site.target.objects.values()].filter((object) => !site.hides(object))
    for (const object of visible.slice(0, visible.length / 2)) session.add(usingObject(object, site))
    session.abort()
  }

  /** A 410: everything is listed anew. */
  relist(site: Site): void {
    const view = this.#views.get(site.name)
    if (view?.of === undefined || site.network === 'cut') return
    this.#list(site, view)
  }

  #settle(site: Site): void {
    const { now } = this.#clocks
    const cluster = this.inventory.cluster(site.name)
    if (cluster === undefined) return
    const view = this.#views.get(site.name) ?? newView(now)
    this.#views.set(site.name, view)
    if (site.halfOpenSince !== undefined && now - site.halfOpenSince >= SILENCE_MS) {
      site.halfOpenSince = undefined
      if (view.of !== undefined) this.#restarted(site)
    }
    if (site.network === 'cut') {
      if (view.of === undefined) cluster.connected('no answer')
      view.broken = true
    } else {
      this.#reach(site, view)
    }
    this.#showSources(site, view)
  }

  /** The cluster answers. */
  #reach(site: Site, view: View): void {
    const { now } = this.#clocks
    const cluster = this.inventory.cluster(site.name)
    if (cluster === undefined) return
    cluster.clockIs({
      serverTime: Date.UTC(2026, 0) + now + site.clockAheadMs,
      at: this.moment.monotonic,
    })
    if (view.of === undefined) {
      this.#verify(site, view)
      if (this.#mayWatch(site)) this.#list(site, view)
      else return
    } else if (view.of !== site.target) {
      // The watch breaks, and its version means nothing there: the list comes before anybody has asked who it is.
      this.#list(site, view)
      this.#oracle.look(this.snapshot(), 'between list and identity')
    } else if (view.broken) {
      this.#restarted(site)
      view.broken = false
    }
    if (this.#isLive(site, view)) this.#deliver(site, view)
    if (now - view.verifiedAt >= VERIFY_EVERY_MS || this.#needsVerify(site)) this.#verify(site, view)
    if (!this.#mayWatch(site)) {
      cluster.detach(this.moment)
      cluster.connected()
      view.of = undefined
      this.#verify(site, view)
    }
  }

  #isLive(site: Site, view: View): boolean {
    return site.network === 'up' && site.halfOpenSince === undefined && !view.broken
  }

  #needsVerify(site: Site): boolean {
    return (
      this.inventory
        .cluster(site.name)
        ?.distrusts(this.moment)
        .some(({ reason }) => reason === 'IdentityUnverified') === true
    )
  }

  #verify(site: Site, view: View): void {
    view.verifiedAt = this.#clocks.now
    this.inventory.cluster(site.name)?.connected()
    const before = this.inventory.cluster(site.name)?.memory
    this.inventory.identified(site.name, site.target.identity, this.moment.monotonic, this.moment)
    const after = this.inventory.cluster(site.name)?.memory
    if (after !== undefined && after !== before) this.#oracle.adopted(site.name, after.identity)
  }

  #mayWatch(site: Site): boolean {
    const cluster = this.inventory.cluster(site.name)
    return cluster !== undefined && cluster.identityProblem === undefined && cluster.sameAs === undefined
  }

  #restarted(site: Site): void {
    this.inventory.cluster(site.name)?.restarted(this.moment)
  }

  #list(site: Site, view: View): void {
    const cluster = this.inventory.cluster(site.name)
    if (cluster === undefined) return
    this.#restarted(site)
    const session = cluster.uses.table('pods').beginReplace()
    const before = view.of === site.target ? view.held : new Map<string, WorldObject>()
    view.held = new Map()
    for (const object of site.target.objects.values()) {
      if (site.hides(object)) continue
      view.held.set(object.uid, object)
      if (this.#counts(object, site)) session.add(usingObject(object, site))
      if (site.target === view.of || view.of === undefined) this.#oracle.shown(site, object)
    }
    session.commit()
    // What is gone, and what a proxy hides from now on: it was in use up to now.
    for (const [uid, object] of before) if (!view.held.has(uid)) this.#oracle.gone(site, object)
    view.of = site.target
    view.applied = site.target.events.length
    view.broken = false
    view.heardAt = this.#clocks.now
  }

  #deliver(site: Site, view: View): void {
    const table = this.inventory.cluster(site.name)?.uses.table('pods')
    if (table === undefined || view.of === undefined) return
    for (const { type, object } of view.of.events.slice(view.applied)) {
      if (site.hides(object)) continue
      if (type === 'put' && this.#counts(object, site)) table.upsert(usingObject(object, site))
      else table.remove({ uid: object.uid, namespace: 'default', name: object.uid })
      if (type === 'put') view.held.set(object.uid, object)
      else view.held.delete(object.uid)
      if (this.inventory.cluster(site.name)?.memory === undefined) continue
      if (type === 'put') this.#oracle.shown(site, object)
      else this.#oracle.gone(site, object)
    }
    view.applied = view.of.events.length
    view.heardAt = this.#clocks.now
  }

  /** As PodSource: a pod that finished longer ago than it counts is not taken in. */
  #counts(object: WorldObject, site: Site): boolean {
    if (object.finishedAt === undefined) return true
    const cluster = this.inventory.cluster(site.name)
    const time = cluster?.timeIn(this.moment) ?? 0
    return time - finishTime(object.finishedAt, site) <= this.#policy.retainMs
  }

  #showSources(site: Site, view: View): void {
    const cluster = this.inventory.cluster(site.name)
    if (cluster === undefined || view.of === undefined) return
    const { now } = this.#clocks
    const stale = now - view.heardAt > STALE_MS && (view.broken || site.halfOpenSince !== undefined)
    const state = site.forbidden ? 'forbidden' : stale ? 'broken' : 'synced'
    if (!stale && this.#isLive(site, view)) view.heardAt = now
    cluster.sourcesAre([{ name: 'pods', state, blocks: true }])
    if (state === 'synced' && cluster.memory?.identity === view.of.identity) {
      this.#oracle.watched(site, view.of, this.#isLive(site, view))
    }
  }
}

function newView(now: number): View {
  return {
    ...{ of: undefined, applied: 0, heardAt: now, verifiedAt: Number.NEGATIVE_INFINITY, broken: false },
    held: new Map(),
  }
}

function finishTime(trueTime: number, site: Site): number {
  return Date.UTC(2026, 0) + trueTime + site.clockAheadMs
}

function usingObject(object: WorldObject, site: Site): UsingObject {
  const { uid, image, digest, finishedAt } = object
  return {
    ...{ uid, namespace: 'default', name: uid, kind: 'Pod', use: 'pod', hasPullSecrets: false },
    images: [{ image, running: { kind: 'manifest', digest }, neverPull: false, pullFailing: false }],
    finishedAt: finishedAt === undefined ? undefined : finishTime(finishedAt, site),
  }
}
