import { asTallymanError, hasCode, type TallymanError } from '#catalogue/error.ts'
import type { EventReason } from '#catalogue/events.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Log } from '#kube/log.ts'
import { EVENTS } from '#kube/resource.ts'
import {
  type EventSubject,
  eventName,
  eventNamespace,
  eventObject,
  type Series,
  seriesKey,
  seriesPatch,
} from '#runtime/event-series.ts'
import type { Fence } from '#runtime/fence.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'

export interface EventRecorderOptions {
  readonly client: KubeClient
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Log
  /** Identity of this process; at most 128 characters are used. */
  readonly instance: string
}

/** Events waiting to be sent, and events remembered. What goes beyond is dropped: events are a courtesy. */
const MAX_QUEUE = 1000
const MAX_SERIES = 1000
const MAX_TRIES = 12
const RETRY: BackoffPolicy = { initial: 500, max: 10_000, factor: 2, jitter: 0.2 }
const SWEEP_EVERY_MS = 60_000
const REFRESH_AFTER_MS = 30 * 60_000
const FORGET_AFTER_MS = 6 * 60_000

/**
 * Writes events.k8s.io/v1 Events, in the background and one after the other. An event that repeats becomes a series:
 * the second occurrence is sent, further ones are counted and sent when the series ends (six quiet minutes) or every
 * half hour.
 * @see k8s.io/client-go tools/events/event_broadcaster.go, whose times these are
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #queue: Series[] = []
  readonly #stopping = new AbortController()
  #sender: Promise<void> | undefined
  #cancelSweep: (() => void) | undefined
  #dropped = 0
  #flushing = false

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  /**
   * To be called on transitions only, never per image. Type and action come from the catalogue; URLs in `note` lose
   * credentials and queries, and it is cut at 1024 bytes.
   */
  record(subject: EventSubject, reason: EventReason, note: string): void {
    if (this.#stopping.signal.aborted) return
    const { clock } = this.#options
    const occurrence = { subject, reason, note }
    const key = seriesKey(occurrence)
    const held = this.#series.get(key)
    if (held !== undefined) {
      held.count += 1
      held.lastSeen = clock.monotonic()
      held.lastSeenWall = clock.now()
      if (held.sentCount < 2) this.#enqueue(held)
      return
    }
    const series: Series = {
      key,
      occurrence,
      firstSeen: clock.now(),
      count: 1,
      lastSeen: clock.monotonic(),
      lastSeenWall: clock.now(),
      name: eventName(subject),
      stored: false,
      sentCount: 0,
      sentAt: clock.monotonic(),
      queued: false,
    }
    this.#remember(series)
    this.#enqueue(series)
  }

  /** Sends what waits, for at most `timeoutMs`, and ends. Nothing is recorded after it. */
  async flush(timeoutMs: number): Promise<void> {
    this.#flushing = true
    this.#cancelSweep?.()
    for (const series of this.#series.values()) {
      if (series.sentCount !== series.count) this.#enqueue(series)
    }
    const cancelTimer = this.#options.clock.schedule(timeoutMs, () => this.#stopping.abort())
    await this.#sender
    cancelTimer()
    this.#stopping.abort()
  }

  #remember(series: Series): void {
    for (const oldest of this.#series.keys()) {
      if (this.#series.size < MAX_SERIES) break
      this.#series.delete(oldest)
    }
    this.#series.set(series.key, series)
    this.#cancelSweep ??= this.#options.clock.schedule(SWEEP_EVERY_MS, () => this.#sweep())
  }

  #enqueue(series: Series): void {
    if (series.queued) return
    if (this.#queue.length >= MAX_QUEUE) {
      if (this.#dropped === 0) this.#options.log.warn({ queue: MAX_QUEUE }, 'events are dropped')
      this.#dropped += 1
      this.#series.delete(series.key)
      return
    }
    series.queued = true
    this.#queue.push(series)
    this.#sender ??= this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      // Queued until it is delivered: what happens to it meanwhile is not sent twice.
      await this.#deliver(next)
      next.queued = false
      if (next.sentCount === 1 && next.count > 1 && this.#series.has(next.key)) this.#enqueue(next)
    }
    if (this.#dropped > 0) this.#options.log.warn({ dropped: this.#dropped }, 'events were dropped')
    this.#dropped = 0
    this.#sender = undefined
  }

  async #deliver(series: Series): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#send(series)
        return
      } catch (thrown) {
        const error = asTallymanError(thrown)
        const mayLeadAgain = error.code === 'LEADERSHIP_LOST' && !this.#flushing
        if (
          !(mayPass(error) || mayLeadAgain) ||
          tries === MAX_TRIES ||
          !(await this.#pause(error, tries - 1))
        ) {
          this.#giveUp(series, error)
          return
        }
      }
    }
  }

  async #send(series: Series): Promise<void> {
    const { client, fence, clock, instance } = this.#options
    const { count } = series
    if (count === series.sentCount) return
    const { subject } = series.occurrence
    const beforeSend = () => fence.assertLeader()
    const call = { signal: this.#stopping.signal, timeoutMs: fence.requestTimeoutMs, beforeSend }
    try {
      if (series.stored) {
        const key = { namespace: eventNamespace(subject), name: series.name }
        await client.patch(EVENTS, key, seriesPatch(series), { ...call, type: 'merge' })
      } else await client.create(EVENTS, eventObject(series, instance), call)
    } catch (error) {
      if (series.stored && hasCode(error, 'KUBE_NOT_FOUND')) {
        // Events expire after an hour, and may be deleted: then it is a new one, with the count so far.
        series.stored = false
        series.name = eventName(subject)
        await this.#send(series)
        return
      }
      // An earlier try arrived although its answer did not.
      if (series.stored || !hasCode(error, 'KUBE_CONFLICT')) throw error
    }
    series.stored = true
    series.sentCount = count
    series.sentAt = clock.monotonic()
  }

  /** False when there is no time left to wait. */
  async #pause(error: TallymanError, attempt: number): Promise<boolean> {
    const { signal } = this.#stopping
    const delayMs = Math.max(error.retryAfterMs ?? 0, backoffDelay(RETRY, attempt))
    try {
      await this.#options.clock.sleep(delayMs, signal)
      return true
    } catch (thrown) {
      if (signal.aborted) return false
      throw thrown
    }
  }

  #giveUp(series: Series, error: TallymanError): void {
    this.#series.delete(series.key)
    const { reason, subject } = series.occurrence
    const fields = { code: error.code, reason: error.message, event: reason, subject: subject.metadata.name }
    this.#options.log[error.kind === 'cancelled' ? 'debug' : 'warn'](fields, 'event not written')
  }

  #sweep(): void {
    const now = this.#options.clock.monotonic()
    for (const series of [...this.#series.values()]) {
      const quiet = now - series.lastSeen >= FORGET_AFTER_MS
      const stale = now - series.sentAt >= REFRESH_AFTER_MS
      if ((quiet || stale) && series.count !== series.sentCount) this.#enqueue(series)
      if (quiet) this.#series.delete(series.key)
    }
    this.#cancelSweep =
      this.#series.size === 0 ? undefined : this.#options.clock.schedule(SWEEP_EVERY_MS, () => this.#sweep())
  }
}

/** Whether the same request may succeed later. */
function mayPass(error: TallymanError): boolean {
  return error.kind === 'unreachable' || error.kind === 'throttled'
}
