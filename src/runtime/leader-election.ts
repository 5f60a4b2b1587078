import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, KubeClient } from '#kube/client.ts'
import type { Log } from '#kube/log.ts'
import { LEASES, type ObjectKey } from '#kube/resource.ts'
import type { Fence } from '#runtime/fence.ts'
import { type Lease, LeaseObservation, newLease, released, renewed, taken } from '#runtime/lease-record.ts'
import { areSound, DEFAULT_LEASE_TIMES, fencedRequestMs, type LeaseTimes } from '#runtime/lease-times.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { jittered } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'
import { ageOf, type Moment, momentOf } from '#time/moment.ts'

export interface LeaderElectorOptions {
  /** On a connection of its own: the lease must not wait behind other requests. */
  readonly client: KubeClient
  readonly lease: ObjectKey
  /** Unique to this process: host name and a UUID. */
  readonly identity: string
  readonly times?: LeaseTimes | undefined
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /**
   * The work of one term. Must end when `term` aborts; no new term begins before it has.
   * A rejection ends the election: run() rejects with it.
   */
  readonly lead: (term: AbortSignal) => Promise<void>
}

/**
 * Leads while it holds a Lease, else stands by. Losing the lease ends the term at once and returns to standby: an
 * outage of the API server restarts nothing.
 * - The Lease is written with the resourceVersion that was read, so two can't take it.
 * - Whoever was frozen past its deadline reads the Lease before it writes anything.
 * @see k8s.io/client-go tools/leaderelection; deviations: terms, fencing by the time of sending, no exit
 */
export class LeaderElector implements Fence {
  readonly requestTimeoutMs: number
  readonly #options: LeaderElectorOptions
  readonly #times: LeaseTimes
  readonly #stopping = new AbortController()
  readonly #observation = new LeaseObservation()
  /** The Lease as we wrote it last. */
  #held: Lease | undefined
  #renewSentAt: Moment | undefined
  #term: AbortController | undefined
  #running: Promise<void> | undefined
  #lastError: string | undefined

  constructor(options: LeaderElectorOptions) {
    this.#options = options
    this.#times = options.times ?? DEFAULT_LEASE_TIMES
    if (!areSound(this.#times)) {
      throw new TallymanError('INTERNAL', `unsound lease times: ${JSON.stringify(this.#times)}`)
    }
    this.requestTimeoutMs = fencedRequestMs(this.#times)
    this.#show(false)
    options.metrics.count('leader_election_slowpath_total', { name: options.lease.name }, 0)
  }

  get isLeader(): boolean {
    return (
      this.#term !== undefined && !this.#term.signal.aborted && this.#ageMs() < this.#times.renewDeadlineMs
    )
  }

  assertLeader(): void {
    if (!this.isLeader) throw lost('the lease is not held, or was not renewed in time')
  }

  /** Contends for the lease until release(). Rejects only when the work of a term does. */
  run(): Promise<void> {
    this.#running ??= this.#contend()
    return this.#running
  }

  /** Ends the term, waits for its work, and frees the lease for the others. The last step of a shutdown. */
  async release(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #contend(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (await this.#attempt(() => this.#tryAcquire())) await this.#leadTerm()
      else await this.#pause(jittered(this.#times.retryPeriodMs, 0.2), this.#stopping.signal)
    }
  }

  async #leadTerm(): Promise<void> {
    const term = new AbortController()
    this.#term = term
    this.#show(true)
    this.#options.log.info({ transitions: this.#held?.spec?.leaseTransitions }, 'leading')
    const work = this.#options.lead(term.signal)
    work.catch((error: unknown) => this.#end(term, error))
    await this.#renewUntilEnd(term)
    const mayRelease = this.isLeader
    this.#end(term, lost('the process ends'))
    await work
    if (mayRelease) await this.#attempt(() => this.#release())
    this.#held = undefined
    this.#renewSentAt = undefined
    this.#term = undefined
  }

  async #renewUntilEnd(term: AbortController): Promise<void> {
    const stop = AbortSignal.any([term.signal, this.#stopping.signal])
    let cancelDeadline = this.#armDeadline(term)
    while (!stop.aborted) {
      await this.#pause(this.#times.retryPeriodMs, stop)
      if (stop.aborted) break
      if (!this.isLeader) this.#end(term, lost('the lease was not renewed in time'))
      else if (await this.#attempt(() => this.#renew(term))) {
        cancelDeadline()
        cancelDeadline = this.#armDeadline(term)
      }
    }
    cancelDeadline()
  }

  /** Ends the term on time also while a renewal hangs. */
  #armDeadline(term: AbortController): () => void {
    const leftMs = Math.max(0, this.#times.renewDeadlineMs - this.#ageMs())
    return this.#options.clock.schedule(leftMs, () =>
      this.#end(term, lost('the lease was not renewed in time')),
    )
  }

  #end(term: AbortController, reason: unknown): void {
    if (term.signal.aborted) return
    const error = asTallymanError(reason)
    this.#show(false)
    const level = this.#stopping.signal.aborted ? 'info' : 'warn'
    this.#options.log[level]({ code: error.code, reason: error.message }, 'standing by')
    term.abort(error)
  }

  /** Always looks first; writes only what is free, expired or already ours. */
  async #tryAcquire(): Promise<boolean> {
    const { clock, identity } = this.#options
    const askedAt = clock.monotonic()
    const lease = await this.#get(this.#stopping.signal)
    if (this.#stopping.signal.aborted) return false
    if (lease === undefined) {
      await this.#write(async (call) => {
        const empty = newLease(this.#options.lease, { leaseTransitions: -1 })
        return await this.#options.client.create<Lease>(LEASES, this.#takenBy(empty), call)
      })
      return true
    }
    this.#observation.see(lease, clock.monotonic())
    const holder = lease.spec?.holderIdentity ?? ''
    const free = holder === '' || holder === identity
    if (!free && !this.#observation.expired(lease, this.#times.leaseDurationMs, askedAt)) return false
    await this.#write((call) => this.#options.client.replace<Lease>(LEASES, this.#takenBy(lease), call))
    return true
  }

  async #renew(term: AbortController): Promise<boolean> {
    if (this.#held === undefined) return false
    try {
      await this.#put(this.#held, term)
      return true
    } catch (error) {
      if (!hasCode(error, 'KUBE_CONFLICT', 'KUBE_NOT_FOUND')) throw error
    }
    // Somebody wrote the Lease: perhaps a label, perhaps their name.
    this.#options.metrics.count('leader_election_slowpath_total', { name: this.#options.lease.name })
    const lease = await this.#get(term.signal)
    if (lease?.spec?.holderIdentity !== this.#options.identity) {
      this.#end(term, lost(`the lease is held by ${lease?.spec?.holderIdentity || 'nobody'}`))
      return false
    }
    this.assertLeader()
    await this.#put(lease, term)
    return true
  }

  async #put(lease: Lease, term: AbortController): Promise<void> {
    const { client, clock } = this.#options
    const renewal = renewed(lease, this.#times.leaseDurationMs, clock.now())
    await this.#write((call) => client.replace<Lease>(LEASES, renewal, { ...call, signal: term.signal }))
  }

  async #release(): Promise<boolean> {
    if (this.#held === undefined) return false
    await this.#options.client.replace(LEASES, released(this.#held, this.#options.clock.now()), this.#call())
    this.#options.log.info({}, 'lease released')
    return true
  }

  /** Notes when a successful write was *sent*: the others may count from then on. */
  async #write(send: (call: CallOptions) => Promise<Lease>): Promise<void> {
    const { clock } = this.#options
    const sentAt = momentOf(clock)
    this.#held = await send(this.#call())
    this.#renewSentAt = sentAt
  }

  async #get(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get<Lease>(LEASES, this.#options.lease, { ...this.#call(), signal })
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
      throw error
    }
  }

  /** Runs one round; an error is reported and counts as "no". */
  async #attempt(round: () => Promise<boolean>): Promise<boolean> {
    try {
      const succeeded = await round()
      this.#lastError = undefined
      return succeeded
    } catch (thrown) {
      const { code, message, kind } = asTallymanError(thrown)
      // A conflict is somebody else being faster; a repetition every few seconds says nothing new.
      const level = kind === 'conflict' || kind === 'cancelled' || code === this.#lastError ? 'debug' : 'warn'
      this.#lastError = code
      this.#options.log[level]({ code, reason: message }, 'lease request failed')
      return false
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #takenBy(lease: Lease): Lease {
    const { identity, clock } = this.#options
    return taken(lease, identity, this.#times.leaseDurationMs, clock.now())
  }

  #call(): CallOptions {
    return { timeoutMs: Math.max(1_000, this.#times.renewDeadlineMs / 2) }
  }

  /** Since the last successful renewal was sent. */
  #ageMs(): number {
    if (this.#renewSentAt === undefined) return Number.POSITIVE_INFINITY
    return ageOf(this.#renewSentAt, this.#options.clock)
  }

  #show(leads: boolean): void {
    this.#options.metrics.set(
      'leader_election_master_status',
      { name: this.#options.lease.name },
      leads ? 1 : 0,
    )
  }
}

function lost(message: string): TallymanError {
  return new TallymanError('LEADERSHIP_LOST', message)
}
