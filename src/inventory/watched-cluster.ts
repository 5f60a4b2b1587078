import type { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import { ClusterUses, type SeenImage } from '#inventory/cluster-uses.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { SourceView } from '#inventory/source-view.ts'
import { type Distrust, LARGEST_SKEW_MS } from '#inventory/trust/distrust.ts'
import { shrinkToken } from '#inventory/trust/shrink-token.ts'

const MINUTE_MS = 60_000
/** What is used now is noted once an hour, a part of it each minute: all at once would take too long. */
const PARTS = 60

/** As many containers are remembered in one turn of the event loop, where nothing depends on all: it takes a few ms. */
export const REMEMBERED_AT_ONCE = 400

/** What an API server said about the time, and when (monotonic), both in ms. */
export interface ClusterClock {
  readonly serverTime: number
  readonly at: number
}

/**
 * One cluster of an inventory: what its objects use now, what is remembered of it, and whether both can be relied on. It is told facts
 * and does no I/O.
 */
export class WatchedCluster {
  readonly name: string
  policy: ClusterPolicy
  readonly uses = new ClusterUses()
  #memory: ClusterMemory | undefined
  #sources: readonly SourceView[] = []
  #connection: string | undefined = 'not connected yet'
  #identity: { readonly uid: string; readonly askedAt: number } | undefined
  #identityProblem: Distrust | undefined
  #sameAs: string | undefined
  #restartedAt = Number.NEGATIVE_INFINITY
  #clock: ClusterClock | undefined
  #barrier: Moment | undefined
  /** The next part to note, how many are due, and up to when that is counted; monotonic ms. */
  #part = 0
  #partsDue = 0
  #countedAt = 0

  constructor(policy: ClusterPolicy) {
    this.name = policy.name
    this.policy = policy
  }

  get memory(): ClusterMemory | undefined {
    return this.#memory
  }

  /** UID that the cluster gave as its own when it was asked last. */
  get identity(): string | undefined {
    return this.#identity?.uid
  }

  /** The name of an entry that reaches the same cluster, where that is acknowledged: this one is not watched. */
  get sameAs(): string | undefined {
    return this.#sameAs
  }

  get identityProblem(): Distrust | undefined {
    return this.#identityProblem
  }

  get sources(): readonly SourceView[] {
    return this.#sources
  }

  /** Every object that was created before this moment, and still exists, is in `uses`. */
  get barrier(): Moment | undefined {
    return this.#barrier
  }

  /** Why there is no connection; undefined: there is one, as far as is known. */
  get unreachable(): string | undefined {
    return this.#connection
  }

  /** Why the list is not complete and live; undefined: it is. */
  get notSynced(): string | undefined {
    if (this.#connection !== undefined) return this.#connection
    if (this.#identityProblem !== undefined) return this.#identityProblem.message
    const missing = this.#sources.filter(({ state, blocks }) => blocks && state !== 'synced')
    if (this.#sources.length > 0 && missing.length === 0) return undefined
    return (
      missing.map(({ name, message, state }) => `${name}: ${message ?? state}`).join('; ') || 'not listed yet'
    )
  }

  get synced(): boolean {
    return this.notSynced === undefined
  }

  /** @param problem why there is no connection; undefined: there is one */
  connected(problem?: string): void {
    this.#connection = problem
  }

  /** The list or a watch was begun again: it may be another cluster that answers now. */
  restarted(now: Moment): void {
    this.#restartedAt = now.monotonic
  }

  /** @param askedAt when the request was sent, monotonic ms */
  identified(uid: string, askedAt: number): void {
    this.#identity = { uid, askedAt }
  }

  sourcesAre(sources: readonly SourceView[]): void {
    this.#sources = sources
  }

  /** What the API server said last about the time; undefined: nothing yet. */
  clockIs(clock: ClusterClock | undefined): void {
    this.#clock = clock
  }

  /** Never goes back. */
  barrierReached(moment: Moment): void {
    if (moment.monotonic > (this.#barrier?.monotonic ?? Number.NEGATIVE_INFINITY)) this.#barrier = moment
  }

  /** The time in the cluster: what its nodes date is dated by it. Our own wall clock may be set meanwhile, this one not. */
  timeIn(now: Moment): number {
    return this.#clock === undefined ? now.wall : this.#clock.serverTime + (now.monotonic - this.#clock.at)
  }

  /**
   * From now on `memory` is what is remembered of this cluster, or its identity is in question.
   * @param sameAs another entry reaches the same cluster, which a human knows: this one counts for nothing
   */
  judged(
    now: Moment,
    memory: ClusterMemory | undefined,
    problem?: Distrust | undefined,
    sameAs?: string,
  ): void {
    this.#identityProblem = problem
    this.#sameAs = problem === undefined ? sameAs : undefined
    if (memory !== this.#memory) this.#remembersIn(memory, now)
  }

  /** From now on the cluster of the memory that it had up to now is not watched. */
  #remembersIn(memory: ClusterMemory | undefined, now: Moment): void {
    this.#memory?.watched.tick(false, now)
    this.#memory = memory
    // It is told everything before it lets anything go.
    this.#part = 0
    this.#partsDue = PARTS
  }

  /** What it used last is in the memory; what it used is no longer known to be used now. */
  detach(now: Moment): void {
    this.remember(now)
    // Right after a start not everything has been noted yet.
    if (this.#memory !== undefined) this.#see(this.uses.seenNow(), this.#memory, now)
    this.#remembersIn(undefined, now)
    this.uses.clear()
    this.#sources = []
    this.#barrier = undefined
    this.#identity = undefined
    this.#connection = 'not connected'
  }

  /**
   * Lets time pass: counts it as watched, remembers what was seen, notices what shrank.
   * @param most see `remember`
   */
  tick(now: Moment, retainMs: number, most?: number): void {
    this.remember(now, most)
    const memory = this.#memory
    if (memory === undefined) return
    const watched = this.synced && this.isVerified
    memory.watched.tick(watched, now)
    if (!watched) return
    const { maxShrinkPercent, acceptShrink } = this.policy
    if (acceptShrink !== undefined && acceptShrink === this.shrinkToken) {
      memory.guard.accept(this.uses.images, memory.watched.watchedMs)
    }
    memory.guard.see(this.uses.images, memory.watched.watchedMs, maxShrinkPercent)
    this.#noteParts(memory, now, retainMs)
  }

  /** One part a call, unless more time has passed than that. */
  #noteParts(memory: ClusterMemory, now: Moment, retainMs: number): void {
    const minutes = Math.floor((now.monotonic - this.#countedAt) / MINUTE_MS)
    if (minutes > 0) {
      this.#countedAt = now.monotonic
      this.#partsDue = Math.min(PARTS, this.#partsDue + minutes)
    }
    const count = Math.min(this.#partsDue, Math.max(1, minutes))
    this.#partsDue -= count
    for (let done = 0; done < count; done += 1) {
      this.#see(this.uses.seenNow(this.#part, PARTS), memory, now)
      this.#part = (this.#part + 1) % PARTS
      if (this.#part === 0) memory.expire(retainMs, (image) => this.uses.has(image))
    }
  }

  /**
   * Everything that appeared since the last call is remembered, also what is gone again.
   * @param most of what is still held, so many containers; the next call goes on
   */
  remember(now: Moment, most?: number): void {
    if (this.#memory !== undefined) this.#see(this.uses.takeSeen(most), this.#memory, now)
  }

  /** Something that is in use is still to be remembered. */
  get hasUnseen(): boolean {
    return this.#memory !== undefined && this.uses.unseen > 0
  }

  /** A pod that finished was in use until then, and not until somebody looked. */
  #see(seen: readonly SeenImage[], memory: ClusterMemory, now: Moment): void {
    const time = this.timeIn(now)
    for (const { finishedAt = time, ...sight } of seen) memory.see(sight, now, Math.max(0, time - finishedAt))
  }

  /** What accepts the present shrink; undefined: nothing shrank. */
  get shrinkToken(): string | undefined {
    const memory = this.#memory
    if (!memory?.guard.isShrunk(this.uses.images, this.policy.maxShrinkPercent)) return undefined
    return shrinkToken(memory.identity, memory.guard.baseline)
  }

  /** Why what is synced is not good enough to delete by; empty: it is. */
  distrusts(now: Moment): readonly Distrust[] {
    const found: Distrust[] = []
    if (this.#identityProblem !== undefined) return [this.#identityProblem]
    if (!this.isVerified) {
      found.push({
        reason: 'IdentityUnverified',
        message: 'The cluster has not said who it is since its watches were opened last',
      })
    }
    const { floor, maxShrinkPercent } = this.policy
    const { images } = this.uses
    if (images < floor) {
      found.push({
        reason: 'BelowFloor',
        message: `${images} images in use are fewer than the floor of ${floor}; set floor lower if that is right`,
      })
    }
    if (this.shrinkToken !== undefined) {
      const before = this.#memory?.guard.baseline?.images
      found.push({
        reason: 'Shrunk',
        message: `${images} images in use, after ${before}: more than ${maxShrinkPercent} % fewer. If that is right, set acceptShrink: ${this.shrinkToken}`,
      })
    }
    const skewMs = Math.abs(this.timeIn(now) - now.wall)
    if (skewMs > LARGEST_SKEW_MS) {
      const seconds = Math.round(skewMs / 1000)
      found.push({
        reason: 'ClockSkew',
        message: `The clocks of API server and operator differ by ${seconds} s`,
      })
    }
    return found
  }

  /** Whether the cluster said who it is after its watches were opened last. */
  get isVerified(): boolean {
    return this.#identity !== undefined && this.#identity.askedAt >= this.#restartedAt
  }
}
