import type { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import type { Clocks } from './process.ts'
import type { Site, WorldCluster, WorldObject } from './world.ts'

/** A first sight is written within this time: who is killed earlier may forget it. */
const WRITTEN_WITHIN_MS = 10_000
const LONGEST_GAP_MS = 10 * 60_000
/** A finish is known to the minute, and counts rather longer. */
const FINISH_GRACE_MS = 2 * 60_000
const LARGEST_SKEW_MS = 2 * 60_000

interface LastUse {
  /** In watched time. */
  readonly at: number
  readonly firstShownAt: number
}

/** What the inventory was shown of one cluster. */
interface Shown {
  /** For how long it could see the cluster, at the most. */
  watchedMs: number
  readonly live: Map<string, WorldObject>
  readonly lastUse: Map<string, LastUse>
  coveredSince: number
  seenAt: number | undefined
}

/** The obvious, slow way to say what a snapshot must hold. */
export class Oracle {
  readonly violations: string[] = []
  /** What happened in this history: faults, and rules that stood between them and a loss. */
  readonly reached = new Set<string>()
  readonly #clocks: Clocks
  readonly #retainMs: number
  readonly #shown = new Map<string, Shown>()
  readonly #adopted = new Map<string, string>()
  readonly #accepted = new Map<string, string>()
  readonly #barriers = new Map<string, number>()
  #tampered = false
  #sites: readonly Site[] = []
  #floor = 0

  constructor(clocks: Clocks, retainMs: number) {
    this.#clocks = clocks
    this.#retainMs = retainMs
  }

  sitesAre(sites: readonly Site[], floor: number): void {
    this.#sites = sites
    this.#floor = floor
  }

  /** An identity is the one of `site` from now on. */
  adopted(site: string, identity: string): void {
    const before = this.#adopted.get(site)
    if (before !== undefined && before !== identity && this.#accepted.get(site) !== identity) {
      this.violations.push(`S05: ${site} was ${before} and is taken for ${identity}, which nobody accepted`)
    }
    if (before !== identity) this.#barriers.delete(site)
    this.#adopted.set(site, identity)
  }

  /** A human says that the site may be this cluster now. */
  accepted(site: string, identity: string): void {
    this.#accepted.set(site, identity)
  }

  /** A human says that the cluster is gone: whatever answers under its name next is taken on. */
  released(identity: string): void {
    this.#shown.delete(identity)
    this.#forgetIdentity(identity)
  }

  /** The entry was taken out of the spec: whoever adds it again may mean another cluster. */
  removed(site: string): void {
    this.#barriers.delete(site)
  }

  shown(site: Site, object: WorldObject): void {
    const shown = this.#of(site)
    if (shown === undefined) return
    shown.live.set(object.uid, object)
    this.#use(shown, object)
  }

  gone(site: Site, object: WorldObject): void {
    const shown = this.#of(site)
    if (shown === undefined) return
    shown.live.delete(object.uid)
    this.#use(shown, object)
  }

  /** The cluster counts as watched at this moment. @param live whether what happens in it is really seen */
  watched(_site: Site, { identity }: WorldCluster, live: boolean): void {
    const shown = this.#shownOf(identity)
    const { now } = this.#clocks
    if (shown.seenAt !== undefined) {
      shown.watchedMs += now - shown.seenAt
      if (now - shown.seenAt > LONGEST_GAP_MS && !live) shown.coveredSince = now
    }
    shown.seenAt = now
  }

  /** The cluster is not seen from now on. */
  unseen(identity: string): void {
    const shown = this.#shown.get(identity)
    if (shown === undefined) return
    shown.seenAt = undefined
  }

  unseenAll(): void {
    for (const identity of this.#shown.keys()) this.unseen(identity)
  }

  barrierReached(site: string, now: number): void {
    this.#barriers.set(site, now)
  }

  /** Somebody deleted what was written. */
  tampered(): void {
    this.#tampered = true
  }

  /** For so long nothing could be written: another process led. What was not written before is written from now on. */
  delayed(ms: number): void {
    const { now } = this.#clocks
    for (const { lastUse } of this.#shown.values()) {
      for (const [image, { at, firstShownAt }] of lastUse) {
        if (now - firstShownAt <= ms + WRITTEN_WITHIN_MS) lastUse.set(image, { at, firstShownAt: now })
      }
    }
  }

  /** The process was killed at this moment. */
  killed(): void {
    const { now } = this.#clocks
    for (const shown of this.#shown.values()) {
      for (const object of shown.live.values()) this.#use(shown, object)
      shown.live.clear()
      for (const [image, { firstShownAt }] of shown.lastUse) {
        if (now - firstShownAt <= WRITTEN_WITHIN_MS) shown.lastUse.delete(image)
      }
      shown.seenAt = undefined
    }
    this.#barriers.clear()
  }

  loaded(memories: readonly ClusterMemory[], complete: boolean): void {
    const { now } = this.#clocks
    for (const [identity, shown] of this.#shown) {
      const known = memories.some((memory) => memory.identity === identity)
      if (!this.#tampered || (complete && known)) continue
      this.reached.add('a lost ledger')
      shown.lastUse.clear()
      shown.coveredSince = now
      // Who it was is lost with it.
      if (!known) this.#forgetIdentity(identity)
    }
    if (this.#tampered && !complete) for (const shown of this.#shown.values()) shown.lastUse.clear()
    this.#tampered = false
  }

  /** Holds a snapshot against the truth. */
  look(snapshot: InventorySnapshot, when: string): void {
    for (const { reason } of snapshot.distrusts) this.reached.add(reason)
    if (!snapshot.synced) this.reached.add('not synced')
    if (!snapshot.synced || !snapshot.trusted) return
    this.reached.add('trusted')
    const live = new Set(snapshot.images.map(({ image }) => image))
    const remembered = new Set(snapshot.remembered.map(({ image }) => image))
    const digests = new Set([
      ...snapshot.images.flatMap(({ runningDigests }) => runningDigests),
      ...snapshot.remembered.flatMap((entry) => entry.digests),
    ])
    const demand = (object: Pick<WorldObject, 'image' | 'digest'>, why: string) => {
      const { image, digest } = object
      if (!live.has(image) && !remembered.has(image))
        this.violations.push(`${when}: ${image} is missing: ${why}`)
      else if (!digests.has(digest)) this.violations.push(`${when}: ${digest} is missing: ${why}`)
      else if (!live.has(image)) this.reached.add('kept by memory alone')
    }
    for (const site of this.#sites) this.#demandOfSite(site, snapshot, demand)
    for (const [identity, shown] of this.#shown) {
      for (const [key, { at }] of shown.lastUse) {
        const [image = '', digest = ''] = key.split(' ')
        if (shown.watchedMs - at < this.#retainMs) demand({ image, digest }, `${identity} used it lately`)
        else if (!live.has(image) && !remembered.has(image)) this.reached.add('aged out')
      }
      if (![...this.#adopted.values()].includes(identity) && shown.lastUse.size > 0)
        this.reached.add('frozen')
    }
    this.#checkCoverage(snapshot, when)
  }

  #forgetIdentity(identity: string): void {
    for (const [site, adopted] of this.#adopted) if (adopted === identity) this.#adopted.delete(site)
  }

  #demandOfSite(
    site: Site,
    snapshot: InventorySnapshot,
    demand: (object: WorldObject, why: string) => void,
  ): void {
    const { now, wallAheadMs } = this.#clocks
    if (!snapshot.clusters.some(({ name }) => name === site.name)) return
    if (Math.abs(site.clockAheadMs - wallAheadMs) > LARGEST_SKEW_MS + 1_000 && site.network === 'up') {
      this.violations.push(`S02: trusted although the clocks of ${site.name} differ`)
    }
    const shown = this.#of(site)
    if (shown === undefined) return
    const barrier = this.#barriers.get(site.name)
    if (barrier !== undefined && snapshot.barrier !== undefined) {
      this.reached.add('barrier')
      for (const object of site.target.objects.values()) {
        if (object.createdAt >= barrier || site.hides(object)) continue
        if (this.#isOld(object.finishedAt, now)) continue
        demand(object, `${site.name} uses it, and it was there before the barrier (S03)`)
      }
    }
    const images = new Set<string>()
    for (const object of shown.live.values()) {
      if (!this.#isOld(object.finishedAt, now - FINISH_GRACE_MS)) images.add(object.image)
      // What went or finished while nothing came through is not there, or not as it was shown.
      const present = site.target.objects.get(object.uid)
      if (present === undefined || this.#isOld(present.finishedAt, now)) continue
      demand(object, `${site.name} was shown it, and it is still there`)
    }
    if (images.size < this.#floor)
      this.violations.push(`S05: trusted with ${images.size} images in ${site.name}`)
  }

  /** A finished pod counts by its finish, which is among the last uses. */
  #isOld(finishedAt: number | undefined, now: number): boolean {
    return finishedAt !== undefined && now - finishedAt >= this.#retainMs
  }

  #checkCoverage(snapshot: InventorySnapshot, when: string): void {
    const { now } = this.#clocks
    for (const { name, coveredMs, identity } of snapshot.clusters) {
      const shown = identity === undefined ? undefined : this.#shown.get(identity)
      if (coveredMs === undefined || shown === undefined) continue
      if (coveredMs > now - shown.coveredSince + LONGEST_GAP_MS) {
        this.violations.push(
          `S02: ${when}: ${name} claims ${coveredMs} ms of coverage, since ${shown.coveredSince} of ${now}`,
        )
      }
    }
  }

  #use(shown: Shown, { image, digest, finishedAt }: WorldObject): void {
    const key = `${image} ${digest}`
    const held = shown.lastUse.get(key)
    // What it may have forgotten is seen for the first time again.
    const before = held !== undefined && shown.watchedMs - held.at < this.#retainMs ? held : undefined
    const { now } = this.#clocks
    const at = shown.watchedMs - (finishedAt === undefined ? 0 : now - finishedAt)
    shown.lastUse.set(key, {
      at: Math.max(before?.at ?? at, at),
      firstShownAt: before?.firstShownAt ?? now,
    })
  }

  /** What counts as shown by a site: only that of the cluster that it stands for. */
  #of(site: Site): Shown | undefined {
    const identity = this.#adopted.get(site.name)
    return identity === site.target.identity ? this.#shownOf(identity) : undefined
  }

  #shownOf(identity: string): Shown {
    const known = this.#shown.get(identity) ?? {
      ...{ watchedMs: 0, live: new Map(), lastUse: new Map(), seenAt: undefined },
      coveredSince: this.#clocks.now,
    }
    this.#shown.set(identity, known)
    return known
  }
}
