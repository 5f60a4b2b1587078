import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { ClusterAccess } from '#clusters/cluster-access.ts'
import { ClusterWatch, type WatchObserverFactory } from '#clusters/cluster-watch.ts'
import { IdentityInquiry } from '#clusters/identity-inquiry.ts'
import type { SourcesConfig } from '#clusters/sources-config.ts'
import type { Inventory } from '#inventory/inventory.ts'
import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { Platform } from '#inventory/snapshot.ts'
import type { WatchedCluster } from '#inventory/watched-cluster.ts'
import { type CallOptions, KubeClient } from '#kube/client.ts'
import { readClusterIdentity } from '#kube/cluster-identity.ts'
import { type ClusterConnection, connect } from '#kube/connection.ts'
import type { Log } from '#kube/log.ts'
import { jittered } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

const VERIFY_TIMEOUT_MS = 15_000
/** A watch that is opened again while a barrier waits for the answer makes it ask anew, this often. */
const QUESTIONS_PER_BARRIER = 3
/** How often it is proven that what is held is complete, where nobody asks for it. */
const BARRIER_EVERY_MS = 60_000
export const BARRIER_TIMEOUT_MS = 15_000

export interface ClusterLinkOptions {
  readonly inventory: Inventory
  readonly cluster: WatchedCluster
  readonly access: ClusterAccess
  readonly sources: SourcesConfig
  readonly retainMs: number | undefined
  readonly clock: Clock
  readonly log: Log
  readonly observer?: WatchObserverFactory | undefined
  /** Something changed: what is held, or what is known of the cluster. Must not throw. */
  readonly onChange: () => void
}

/**
 * The connection to one cluster of an inventory. First the cluster is asked who it is; only the one that is meant is watched, and it is
 * asked again after every restart of a watch and once a minute (S05).
 */
export class ClusterLink {
  readonly access: ClusterAccess
  readonly #options: ClusterLinkOptions
  readonly #stopping = new AbortController()
  readonly #inquiry: IdentityInquiry
  #connection: ClusterConnection | undefined
  #watch: ClusterWatch | undefined
  #ending: Promise<void> = Promise.resolve()
  #running: Promise<void> | undefined
  /** It said who it is, or that we may not ask. */
  #answered = false
  /** It did not say who it is when it was asked last, and never before. */
  #wasNotReached = false
  #askedAt = Number.NEGATIVE_INFINITY
  #nextProofAt = Number.NEGATIVE_INFINITY

  constructor(options: ClusterLinkOptions) {
    this.access = options.access
    this.#options = options
    this.#inquiry = new IdentityInquiry(() => this.#verify(), options.clock)
  }

  get name(): string {
    return this.#options.cluster.name
  }

  get watch(): ClusterWatch | undefined {
    return this.#watch
  }

  /** For single calls to the cluster that is watched; undefined: none is. */
  get client(): KubeClient | undefined {
    return this.#watch === undefined || this.#connection === undefined
      ? undefined
      : new KubeClient(this.#connection)
  }

  /**
   * It is known what the cluster uses, or why that is not known; not so right after the start, nor while it is asked for the first time
   * who it is.
   */
  get isLookedAt(): boolean {
    const { identityProblem, sameAs } = this.#options.cluster
    if (identityProblem !== undefined || sameAs !== undefined) return true
    return this.#watch?.views.every(({ state }) => state !== 'listing') ?? false
  }

  /** There is nothing to wait for: it is synced, or it was not reached, or is not the one that is meant. */
  get isSettled(): boolean {
    const { synced, identityProblem, sameAs } = this.#options.cluster
    return synced || this.#wasNotReached || identityProblem !== undefined || sameAs !== undefined
  }

  platforms(): readonly Platform[] {
    return this.#watch?.platforms() ?? []
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends the watch and the connection; the cluster keeps what it holds, and is no longer synced. */
  async stop(): Promise<void> {
    this.#stopping.abort(new TallymanError('CANCELLED', `Cluster ${this.name} is no longer watched`))
    await Promise.all([this.#running, this.#ending, this.#watch?.stop()])
    if (this.access.kind !== 'connection') await this.#connection?.close()
  }

  /** The same, and what it used last is in its memory alone: from this call on another link may feed it. */
  async leave(): Promise<void> {
    this.#detach()
    await this.stop()
  }

  /** Tells the cluster how its sources stand; starts and ends the watch as its identity allows. */
  refresh(): void {
    const { cluster } = this.#options
    const mayWatch = this.#answered && cluster.identityProblem === undefined && cluster.sameAs === undefined
    if (mayWatch) this.#attach()
    else if (this.#watch !== undefined) {
      this.#detach()
      // It answers, and not as the one that is meant.
      cluster.connected()
      this.#inquiry.askSoon()
    }
    if (this.#watch !== undefined) cluster.sourcesAre(this.#watch.views)
    cluster.clockIs(this.#connection?.serverClock)
  }

  /**
   * Proves that everything that was created in the cluster before this call is held (S03). It must say who it is after that: what has
   * answered may be another one.
   * @throws BARRIER_NOT_REACHED, KUBE_*, CANCELLED
   */
  async barrier(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const { cluster, clock } = this.#options
    const watch = this.#watch
    if (watch === undefined) throw this.#notReached(cluster.notSynced ?? 'it is not watched')
    const begun = await watch.barrier(signal, timeoutMs)
    for (let asked = 0; asked < QUESTIONS_PER_BARRIER; asked += 1) {
      const leftMs = Math.max(1, timeoutMs - (clock.monotonic() - begun.monotonic))
      if (!(await this.#ask(signal, leftMs)) || cluster.isVerified) break
    }
    this.refresh()
    // What was proven of a watch that has ended is not true of what is held now.
    if (watch !== this.#watch) throw this.#notReached('it is not the cluster that it was')
    cluster.barrierReached(begun)
  }

  /** The same once a minute, and as soon as the cluster is synced: for those who want to see how old the last proof is. */
  proveIfDue(): void {
    const { cluster, clock } = this.#options
    if (!cluster.synced) this.#nextProofAt = Number.NEGATIVE_INFINITY
    else if (clock.monotonic() >= this.#nextProofAt) {
      this.#nextProofAt = clock.monotonic() + jittered(BARRIER_EVERY_MS, 0.2)
      void this.#prove()
    }
  }

  async #prove(): Promise<void> {
    try {
      await this.barrier(this.#stopping.signal, BARRIER_TIMEOUT_MS)
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return
      const { code, message } = asTallymanError(thrown)
      this.#options.log.warn({ cluster: this.name, code, reason: message }, 'no barrier was reached')
    }
  }

  async #run(): Promise<void> {
    if (this.access.kind !== 'none') return await this.#inquiry.run(this.#stopping.signal)
    this.#wasNotReached = true
    this.#options.cluster.connected(this.access.problem)
    this.#options.onChange()
  }

  /** @returns whether it is known who the cluster is */
  async #verify(): Promise<boolean> {
    const { cluster, log, onChange } = this.#options
    const { signal } = this.#stopping
    try {
      return await this.#ask(signal, VERIFY_TIMEOUT_MS)
    } catch (thrown) {
      if (signal.aborted) return false
      const { code, message, advice } = asTallymanError(thrown)
      // Once it is watched, the watch itself says whether the cluster answers.
      if (!this.#answered) {
        this.#wasNotReached = true
        cluster.connected(advice)
      }
      log.warn({ cluster: this.name, code, reason: message }, 'the cluster did not say who it is')
      return false
    } finally {
      if (!signal.aborted) {
        this.refresh()
        onChange()
      }
    }
  }

  /** @returns false: we may not ask. Such a cluster is watched all the same, and never trusted. @throws KUBE_*, CANCELLED */
  async #ask(signal: AbortSignal, timeoutMs: number): Promise<boolean> {
    const { cluster, inventory, clock } = this.#options
    const askedAt = clock.monotonic()
    this.#connection ??= await this.#connect()
    const uid = await identityOf(this.#connection, { signal, timeoutMs })
    // The cluster may be another link's by now.
    this.#stopping.signal.throwIfAborted()
    this.#answered = true
    this.#wasNotReached = false
    cluster.connected()
    if (uid === undefined) return false
    // An answer may be overtaken by one to a later question.
    if (askedAt >= this.#askedAt) {
      this.#askedAt = askedAt
      inventory.identified(this.name, uid, askedAt, this.#now())
    }
    return true
  }

  async #connect(): Promise<ClusterConnection> {
    const { access } = this
    if (access.kind === 'connection') return access.connection
    if (access.kind === 'none') throw new TallymanError('KUBE_CONFIG_INVALID', access.problem)
    const { text: kubeconfigText, context } = access
    return await connect({ kubeconfigText, context, clock: this.#options.clock })
  }

  #attach(): void {
    if (this.#watch !== undefined || this.#connection === undefined || this.#stopping.signal.aborted) return
    const { cluster, sources, retainMs, clock, log, observer, onChange } = this.#options
    const watch = new ClusterWatch({
      ...{ name: this.name, uses: cluster.uses, connection: this.#connection, sources, retainMs },
      ...{ clock, log, observer, onChange },
      // What its nodes date is dated by its own time, which no setting of our clock moves.
      timeInCluster: () => cluster.timeIn(this.#now()),
      onReopen: () => {
        if (watch === this.#watch) this.#reopened()
      },
    })
    this.#watch = watch
    this.#reopened()
    watch.start()
  }

  #detach(): void {
    const watch = this.#watch
    this.#watch = undefined
    this.#options.cluster.detach(this.#now())
    if (watch !== undefined) this.#ending = Promise.all([this.#ending, watch.stop()]).then(() => undefined)
  }

  /** From now on it may be another cluster that answers. */
  #reopened(): void {
    this.#options.cluster.restarted(this.#now())
    this.#inquiry.askSoon()
  }

  #notReached(why: string): TallymanError {
    const message = `What is held of cluster ${this.name} is not known to be complete: ${why}`
    return new TallymanError('BARRIER_NOT_REACHED', message)
  }

  #now(): Moment {
    const { clock } = this.#options
    return { wall: clock.now(), monotonic: clock.monotonic() }
  }
}

/** undefined: we may not ask. */
async function identityOf(connection: ClusterConnection, call: CallOptions): Promise<string | undefined> {
  try {
    return await readClusterIdentity(new KubeClient(connection), call)
  } catch (error) {
    if (hasCode(error, 'KUBE_FORBIDDEN')) return undefined
    throw error
  }
}
