import type { Dispatcher } from 'undici'
import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import type { Occupant } from './egress.ts'
import { networkError, type Phase, type Place, safeUrl, urlOf } from './errors.ts'
import type { HttpHeaders } from './headers.ts'
import type { Watched } from './watchdog.ts'

/**
 * How long an exchange may take. `answer`: all of it within `ms`. `download`: the header within `ms`, then the body must
 * move. `upload`: the body must move, then the answer comes within `ms`. `destructive`: it ends with its answer or with its connection, and
 * by nothing that we do (S16).
 */
export interface TimeLimit {
  readonly kind: 'answer' | 'download' | 'upload' | 'destructive'
  readonly ms: number
  readonly windowMs: number
  readonly windowBytes: number
}

/**
 * One request and its answer, as an undici handler. What both kinds of exchange share: the time limit, cancelling at any
 * moment, and ending exactly once.
 */
export abstract class Exchange implements Dispatcher.DispatchHandler, Occupant, Watched {
  readonly startedAt: number
  protected readonly place: Place
  protected status = 0
  protected headers: HttpHeaders = {}
  /** Over: ended or failed; nothing arrives any more. */
  protected settled = false
  #controller: Dispatcher.DispatchController | undefined
  #failure: TallymanError | undefined
  readonly #clock: Clock
  readonly #limit: TimeLimit
  #expiresAt: number
  #windowed: boolean
  #moved = 0
  #disconnects = 0

  constructor(place: Place, limit: TimeLimit, clock: Clock) {
    this.place = place
    this.#clock = clock
    this.#limit = limit
    this.startedAt = clock.monotonic()
    this.#windowed = limit.kind === 'upload'
    this.#expiresAt = this.startedAt + (this.#windowed ? limit.windowMs : limit.ms)
  }

  get over(): boolean {
    return this.settled
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  protected get controller(): Dispatcher.DispatchController | undefined {
    return this.#controller
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure !== undefined) controller.abort(this.#failure)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpHeaders): void {
    if (status < 200 || this.settled) return
    this.status = status
    this.headers = headers
    if (this.#limit.kind === 'download') this.#openWindow()
    this.started()
  }

  onBodySent(chunk: Uint8Array): void {
    this.#moved += chunk.byteLength
  }

  onRequestSent(): void {
    if (this.#limit.kind !== 'upload') return
    this.#windowed = false
    this.#expiresAt = this.#clock.monotonic() + this.#limit.ms
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return
    this.#moved += chunk.byteLength
    this.data(chunk)
  }

  onResponseEnd(): void {
    if (this.settled) return
    this.settled = true
    this.ended()
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (this.settled) return
    const phase: Phase = this.status === 0 ? 'headers' : 'body'
    this.#settleWith(networkError(error, this.place, phase))
  }

  /**
   * undici connects again as often as the connection closes before the request went out, for ever. Once is a connection
   * that was kept and had died; twice is a server that does not want us, or that speaks first.
   */
  disconnected(error: Error): void {
    if (this.#controller !== undefined) return
    this.#disconnects += 1
    if (this.#disconnects > 1) this.fail(networkError(error, this.place, 'headers'))
  }

  /** Ends the exchange from our side and closes its connection. Does nothing where it is over. */
  fail(error: TallymanError): void {
    if (this.settled) return
    this.#settleWith(error)
    this.#controller?.abort(error)
  }

  check(now: number): void {
    if (now < this.#expiresAt) return
    if (this.#windowed && (this.#moved >= this.#limit.windowBytes || this.waitsForUs())) {
      this.#openWindow()
      return
    }
    const what = this.status === 0 ? 'no answer' : 'the answer did not come to an end'
    this.fail(
      new TallymanError(
        'REGISTRY_TIMEOUT',
        `${this.place.method} ${safeUrl(urlOf(this.place))}: ${what} in time`,
        {
          details: {
            host: this.place.origin.host,
            method: this.place.method,
            phase: this.status === 0 ? 'headers' : 'body',
          },
        },
      ),
    )
  }

  /** The header is there. */
  protected abstract started(): void
  protected abstract data(chunk: Buffer): void
  protected abstract ended(): void
  protected abstract broken(error: TallymanError): void
  /** True while the other side can do nothing because we do not read. */
  protected waitsForUs(): boolean {
    return false
  }

  #settleWith(error: TallymanError): void {
    this.settled = true
    this.#failure = error
    this.broken(error)
  }

  #openWindow(): void {
    this.#windowed = true
    this.#moved = 0
    this.#expiresAt = this.#clock.monotonic() + this.#limit.windowMs
  }
}
