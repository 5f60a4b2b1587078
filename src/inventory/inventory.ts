import { ClusterMemory } from '#inventory/cluster-memory.ts'
import type { ClusterPolicy } from '#inventory/cluster-policy.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import { judgeIdentity } from '#inventory/trust/identity.ts'
import { REMEMBERED_AT_ONCE, WatchedCluster } from '#inventory/watched-cluster.ts'

/** What a user says about an inventory, as far as it decides something. */
export interface InventoryPolicy {
  /** How long an image counts after it was last seen, ms of watched time. */
  readonly retainMs: number
  readonly clusters: readonly ClusterPolicy[]
  /** Identities of clusters whose last known sets a human lets go. */
  readonly release: readonly string[]
}

/** `unloaded`: what was remembered is still to be read; `none`: nothing is remembered, as on the command line. */
export type MemoryState = 'unloaded' | 'loaded' | 'none'

/**
 * Everything that is known of who uses what: clusters that are watched, and what is remembered of them and of clusters that no longer are.
 * Facts come in by calls, time by `tick`; no I/O.
 */
export class Inventory {
  #policy: InventoryPolicy
  readonly #clusters = new Map<string, WatchedCluster>()
  readonly #memories = new Map<string, ClusterMemory>()
  #memoryState: MemoryState
  /** Grows with every change that `uses` of the clusters and changes of the ledgers do not show. */
  #changes = 0

  constructor(policy: InventoryPolicy, memory: MemoryState = 'unloaded') {
    this.#policy = policy
    this.#memoryState = memory
    this.#addMissing()
  }

  get policy(): InventoryPolicy {
    return this.#policy
  }

  get memoryState(): MemoryState {
    return this.#memoryState
  }

  get changes(): number {
    return this.#changes
  }

  /** In the order of the policy. */
  get clusters(): readonly WatchedCluster[] {
    return this.#policy.clusters.flatMap(({ name }) => this.#clusters.get(name) ?? [])
  }

  cluster(name: string): WatchedCluster | undefined {
    return this.#clusters.get(name)
  }

  /** Of all clusters that something is remembered of, watched or not. */
  get memories(): readonly ClusterMemory[] {
    return [...this.#memories.values()]
  }

  /** Clusters that are no longer watched under any name: what they used last stays in use until it is released (S05). */
  get frozen(): readonly ClusterMemory[] {
    const watched = new Set(this.clusters.map(({ memory }) => memory))
    // Who has not said who it is yet, as after a restart, may well be the one that is remembered under its name.
    const unknown = new Set(
      this.clusters
        .filter(({ identity, identityProblem }) => identity === undefined && identityProblem === undefined)
        .map(({ name }) => name),
    )
    if (this.#memoryState !== 'loaded') return []
    return this.memories.filter(
      (memory) => !watched.has(memory) && ![...memory.entries].some((name) => unknown.has(name)),
    )
  }

  /** A cluster that left the policy is no longer watched: its last known set is frozen. */
  configure(policy: InventoryPolicy, now: Moment): void {
    this.#policy = policy
    const wanted = new Set(policy.clusters.map(({ name }) => name))
    for (const [name, cluster] of this.#clusters) {
      if (wanted.has(name)) continue
      cluster.detach(now)
      this.#clusters.delete(name)
    }
    for (const entry of policy.clusters) {
      const cluster = this.#clusters.get(entry.name)
      if (cluster !== undefined) cluster.policy = entry
    }
    this.#addMissing()
    this.#judge(now)
  }

  /**
   * What was remembered is read. What is remembered already is added to it, what has been seen meanwhile as well.
   * @param complete false: a part of it is lost, so that no cluster is covered any longer (S02)
   */
  load(memories: readonly ClusterMemory[], complete: boolean, now: Moment): void {
    for (const cluster of this.#clusters.values()) cluster.judged(now, undefined)
    const held = new Map(this.#memories)
    this.#memories.clear()
    for (const memory of memories) {
      if (!complete) memory.watched.restartCoverage()
      this.#memories.set(memory.identity, memory)
    }
    const watched = new Set(this.clusters.map(({ identity }) => identity))
    const keepsAll = this.#memoryState === 'loaded' || !complete || memories.length === 0
    for (const [identity, memory] of held) {
      const stored = this.#memories.get(identity)
      // What a whole ledger of somebody else's term does not have, and nothing of ours watches, was released.
      if (stored !== undefined) stored.unite(memory, now)
      else if (keepsAll || watched.has(identity)) this.#memories.set(identity, memory)
    }
    this.#memoryState = 'loaded'
    this.#judge(now)
  }

  /** What is remembered is somebody else's to write from now on, and has to be loaded again. */
  unload(now: Moment): void {
    for (const cluster of this.#clusters.values()) cluster.remember(now)
    this.#memoryState = 'unloaded'
    this.#judge(now)
  }

  /** @param askedAt when the cluster was asked, monotonic ms */
  identified(name: string, uid: string, askedAt: number, now: Moment): void {
    const cluster = this.#clusters.get(name)
    if (cluster === undefined) return
    const before = cluster.identity
    cluster.identified(uid, askedAt)
    if (before !== uid) this.#judge(now)
  }

  /** @param most see WatchedCluster.remember; of each cluster */
  tick(now: Moment, most?: number): void {
    for (const cluster of this.#clusters.values()) cluster.tick(now, this.#policy.retainMs, most)
  }

  /** Remembers a part of what `tick` left, of one cluster. @returns whether there is still more */
  rememberMore(now: Moment, most: number): boolean {
    const clusters = [...this.#clusters.values()]
    clusters.find(({ hasUnseen }) => hasUnseen)?.remember(now, most)
    return clusters.some(({ hasUnseen }) => hasUnseen)
  }

  /** Remembers what is no longer used and was not remembered yet: nothing else shows it. */
  rememberGone(now: Moment): void {
    for (const cluster of this.#clusters.values()) cluster.remember(now, 0)
  }

  #addMissing(): void {
    for (const entry of this.#policy.clusters) {
      if (!this.#clusters.has(entry.name)) this.#clusters.set(entry.name, new WatchedCluster(entry))
    }
    this.#changes += 1
  }

  /** Decides for every cluster whether it is the one that is meant, and which memory is its own. */
  #judge(now: Moment): void {
    this.#changes += 1
    const owners = new Map<string, string>()
    for (const cluster of this.clusters) {
      // What was seen up to now is the memory's that it had up to now.
      cluster.remember(now)
      const live = cluster.identity
      if (live === undefined) continue
      const sameAs = owners.get(live)
      owners.set(live, sameAs ?? cluster.name)
      const problem = judgeIdentity({
        live,
        pinned: cluster.policy.identity,
        recorded: this.#recordedFor(cluster.name)?.identity,
        sameAs,
        duplicateAcknowledged: cluster.policy.duplicateAcknowledged,
      })
      if (problem !== undefined || sameAs !== undefined) cluster.judged(now, undefined, problem, sameAs)
      else cluster.judged(now, this.#adopt(live, cluster.name))
      if (cluster.memory === undefined) continue
      // What was there before its memory may be much: the rest follows with the next ticks.
      cluster.remember(now, REMEMBERED_AT_ONCE)
    }
    this.#release()
  }

  #adopt(identity: string, name: string): ClusterMemory | undefined {
    if (this.#memoryState !== 'loaded') return undefined
    for (const other of this.#memories.values()) {
      if (other.identity === identity) continue
      other.entries.delete(name)
      // The name is another cluster's now; what this one used stays under a name of its own.
      if (other.name === name) other.name = `${name}@${other.identity.slice(0, 8)}`
    }
    const memory = this.#memories.get(identity) ?? ClusterMemory.of(identity, name)
    memory.name = name
    memory.entries.add(name)
    this.#memories.set(identity, memory)
    return memory
  }

  #recordedFor(name: string): ClusterMemory | undefined {
    return this.memories.find((memory) => memory.entries.has(name))
  }

  #release(): void {
    for (const memory of this.frozen) {
      if (this.#policy.release.includes(memory.identity)) this.#memories.delete(memory.identity)
    }
  }
}
