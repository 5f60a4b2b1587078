import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { linkedAbort } from './abort.ts'
import type { WatchCodec, WatchEvent } from './codec.ts'
import type { ClusterConnection } from './connection.ts'
import { HeldCounts } from './held-count.ts'
import { ListCollector, objectsChangedBy, type ReflectorSink } from './list-collector.ts'
import { Liveness } from './liveness.ts'
import type { Log } from './log.ts'
import { listPages } from './paged-list.ts'
import { pauseOrBack } from './reflector-pause.ts'
import {
  type Attempt,
  type Decision,
  decide,
  firstAttempt,
  fromNothing,
  NOTHING_KNOWN,
  type Outcome,
  type RestartReason,
} from './reflector-state.ts'
import { isAtLeast } from './resource-version.ts'
import { Waiters } from './waiters.ts'
import { runWatch, type WatchScope } from './watch-stream.ts'

export type { ReflectorSink, ReplaceSession } from './list-collector.ts'

/** Told of everything that a metric counts. */
export interface ReflectorObserver {
  /** The watch was opened, or the list begun, again. */
  restarted(reason: RestartReason): void
  bytes(count: number): void
  /** A complete list was committed. */
  listed(durationMs: number, objects: number): void
  /** How many objects are held now. */
  objects(count: number): void
}

export interface ReflectorState {
  readonly phase: 'idle' | 'listing' | 'watching' | 'waiting' | 'stopped'
  /** When the phase began, ms since the epoch. */
  readonly since: number
  /** Why the last attempt failed; absent since the watch is established again. */
  readonly lastError?: TallymanError | undefined
  /** When the last byte of a list or watch arrived, ms since the epoch. A quiet cluster sends a bookmark about every minute. */
  readonly lastByteAt?: number | undefined
  /** Of the last list or event that was applied; empty before the first and after startOver. */
  readonly resourceVersion: string
  readonly objects: number
  readonly restarts: number
}

/** A list and watch that must keep turning, whether its API server answers or not; for probes. */
export interface WatchLoop {
  readonly name: string
  readonly state: Pick<ReflectorState, 'phase' | 'since' | 'lastByteAt'>
}

export interface ReflectorOptions<T> extends WatchScope {
  readonly connection: ClusterConnection
  readonly codec: WatchCodec<T>
  readonly sink: ReflectorSink<T>
  readonly clock: Clock
  readonly log: Log
  readonly observer?: ReflectorObserver | undefined
  /** In [0, 1). */
  readonly random?: (() => number) | undefined
}

/**
 * Keeps a sink equal to what a cluster holds of one resource: lists, watches, resumes where a watch ended, and lists
 * again only where it must. One stream at a time, events in order, the version advanced only after an event was applied.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #log: Log
  readonly #stopping = new AbortController()
  readonly #waiters: Waiters
  readonly #liveness: Liveness
  readonly #counts = new HeldCounts()
  #running: Promise<void> | undefined
  #current: { abort(reason: unknown): void } | undefined
  #state: ReflectorState

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    const { plural } = options.resource
    this.#waiters = new Waiters(plural)
    this.#liveness = new Liveness(options.clock)
    this.#log = options.log.child({ cluster: options.connection.name, resource: plural })
    this.#state = { phase: 'idle', since: options.clock.now(), resourceVersion: '', objects: 0, restarts: 0 }
  }

  /** Begins; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends the stream or pause, whatever it is at; resolves when nothing runs any more. The sink keeps what it holds. */
  async stop(): Promise<void> {
    this.#stopping.abort(new TallymanError('CANCELLED', 'The reflector was stopped'))
    await this.#running
    this.#enter('stopped')
    this.#waiters.stop()
  }

  /** What it holds is what the cluster has, as far as a watch can know (liveness.ts). */
  get synced(): boolean {
    return this.#state.phase !== 'stopped' && this.#liveness.isSynced
  }

  get state(): ReflectorState {
    return this.#state
  }

  /** Resolves as soon as `synced`. @throws CANCELLED when the signal aborts or the reflector is stopped first */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await this.#waiters.until(() => this.synced, signal)
  }

  /**
   * Resolves as soon as everything up to this version has been applied; never, where the versions have no order.
   * @throws CANCELLED when the signal aborts or the reflector is stopped first
   */
  async reached(resourceVersion: string, signal?: AbortSignal): Promise<void> {
    await this.#waiters.until(() => isAtLeast(this.#state.resourceVersion, resourceVersion), signal)
  }

  /**
   * Forgets its version, lists from scratch, and is not synced until that is done. For a cluster whose history went back,
   * as after a restored backup: it accepts a watch from a version of its future, and keeps all changes until then to itself.
   */
  startOver(): void {
    this.#liveness.startOver()
    this.#state = { ...this.#state, resourceVersion: '' }
    this.#current?.abort(new TallymanError('KUBE_EXPIRED', 'The reflector starts over'))
  }

  /** Begins to follow how many objects are held. */
  followCount(): ReturnType<HeldCounts['follow']> {
    return this.#counts.follow(this.#state.objects)
  }

  #counted(objects: number): void {
    this.#counts.note(objects)
    this.#options.observer?.objects(objects)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    let known = NOTHING_KNOWN
    let attempt = firstAttempt()
    while (!signal.aborted) {
      const outcome = await this.#attempt(attempt)
      if (signal.aborted) return
      const decision = decide(known, attempt, outcome, this.#options.random)
      this.#record(decision, outcome)
      known = decision.knowledge
      attempt = decision.next
      if (decision.delayMs > 0 && (await this.#pause(decision))) known = { ...known, failures: 0 }
      // startOver() was called during the pause.
      if (attempt.resourceVersion !== '' && this.#state.resourceVersion === '') attempt = fromNothing(known)
    }
  }

  /** Never rejects: whatever goes wrong is part of the outcome. */
  async #attempt(attempt: Attempt): Promise<Outcome> {
    const startedAt = this.#options.clock.monotonic()
    const progress = { listed: false, events: 0 }
    let error: TallymanError | undefined
    const link = linkedAbort(this.#stopping.signal)
    this.#current = link
    this.#enter(attempt.kind === 'watch' ? 'watching' : 'listing')
    try {
      if (attempt.kind === 'pages') await this.#list(attempt, link.signal, startedAt, progress)
      else await this.#watch(attempt, link.signal, startedAt, progress)
    } catch (thrown) {
      error = asTallymanError(thrown)
    } finally {
      link.release()
    }
    const durationMs = this.#options.clock.monotonic() - startedAt
    return { ...progress, durationMs, error, resourceVersion: this.#state.resourceVersion }
  }

  async #list(attempt: Attempt, signal: AbortSignal, startedAt: number, progress: Progress): Promise<void> {
    const collector = new ListCollector(this.#options.sink)
    try {
      const version = await listPages({
        ...this.#common(signal),
        resourceVersion: attempt.resourceVersion,
        onBytes: (count) => this.#received(count),
        onItem: (item) => collector.add(item),
      })
      signal.throwIfAborted()
      this.#commit(collector, version, startedAt)
      progress.listed = true
    } finally {
      collector.abort()
    }
  }

  async #watch(attempt: Attempt, signal: AbortSignal, startedAt: number, progress: Progress): Promise<void> {
    const initialEvents = attempt.kind === 'watch-list'
    let collector = initialEvents ? new ListCollector(this.#options.sink) : undefined
    const onEvent = (event: AppliedEvent<T>) => {
      // What had arrived before startOver() is of the history that was left.
      signal.throwIfAborted()
      if (collector === undefined) {
        progress.events += 1
        this.#apply(event)
      } else if (event.type !== 'BOOKMARK') collector.event(event)
      else if (event.initialEventsEnd) {
        this.#commit(collector, event.resourceVersion, startedAt)
        collector = undefined
        progress.listed = true
        this.#enter('watching')
        this.#heard()
      }
    }
    try {
      await runWatch({
        ...this.#common(signal),
        random: this.#options.random ?? Math.random,
        resourceVersion: attempt.resourceVersion,
        initialEvents,
        onOpen: () => {
          if (!initialEvents) this.#heard()
        },
        onBytes: (count) => {
          this.#received(count)
          if (collector === undefined) this.#heard()
        },
        onEvent,
      })
    } finally {
      collector?.abort()
    }
  }

  #common(signal: AbortSignal) {
    const { connection, codec, clock, resource, namespace, fieldSelector, labelSelector } = this.#options
    const scope = { resource, namespace, fieldSelector, labelSelector }
    return { connection, codec, clock, scope, signal }
  }

  #apply(event: AppliedEvent<T>): void {
    const { sink } = this.#options
    let { objects } = this.#state
    if (event.type !== 'BOOKMARK') {
      if (event.type === 'DELETED') sink.remove(event.item)
      else sink.upsert(event.item)
      const change = objectsChangedBy(event.type)
      objects += change
      if (change !== 0) this.#counted(objects)
    }
    this.#state = { ...this.#state, objects, resourceVersion: event.resourceVersion }
    if (this.#waiters.areThere) this.#waiters.wake()
  }

  #commit(collector: ListCollector<T>, resourceVersion: string, startedAt: number): void {
    const { clock, observer } = this.#options
    const objects = collector.commit()
    this.#state = { ...this.#state, objects, resourceVersion }
    this.#liveness.listed()
    if (this.#waiters.areThere) this.#waiters.wake()
    const durationMs = clock.monotonic() - startedAt
    observer?.listed(durationMs, objects)
    this.#counted(objects)
    this.#log.info({ objects, durationMs: Math.round(durationMs) }, 'listed')
  }

  #received(count: number): void {
    this.#options.observer?.bytes(count)
    this.#state = { ...this.#state, lastByteAt: this.#options.clock.now() }
  }

  /** A sign of life of the watch: it was accepted, or sent a byte. */
  #heard(): void {
    this.#liveness.heard()
    const { lastError, ...rest } = this.#state
    if (lastError !== undefined) this.#state = rest
    if (this.#waiters.areThere && this.synced) this.#waiters.wake()
  }

  #record({ reason, delayMs }: Decision, { error, events, durationMs }: Outcome): void {
    if (reason === undefined) return
    if (reason === 'unreachable') this.#liveness.lost()
    const restarts = this.#state.restarts + 1
    this.#state = { ...this.#state, restarts, ...(error === undefined ? {} : { lastError: error }) }
    this.#options.observer?.restarted(reason)
    const fields = { reason, events, durationMs: Math.round(durationMs), delayMs: Math.round(delayMs) }
    if (error === undefined) this.#log.debug(fields, 'the watch ended and is resumed')
    else
      this.#log.warn({ ...fields, code: error.code, error: error.message }, 'the watch failed and is resumed')
  }

  /** @returns whether it was cut short (reflector-pause.ts) */
  #pause(decision: Decision): Promise<boolean> {
    this.#enter('waiting')
    return pauseOrBack({ ...this.#options, signal: this.#stopping.signal }, decision)
  }

  #enter(phase: ReflectorState['phase']): void {
    this.#state = { ...this.#state, phase, since: this.#options.clock.now() }
  }
}

interface Progress {
  listed: boolean
  events: number
}

type AppliedEvent<T> = Exclude<WatchEvent<T>, { readonly type: 'ERROR' }>
