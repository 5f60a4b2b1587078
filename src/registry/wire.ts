import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { cancellation, onAbort, throwIfAborted } from './abort.ts'
import type { AddressGuard } from './addresses.ts'
import { type Answer, BufferedExchange } from './buffered.ts'
import type { Egress, Line } from './egress.ts'
import { networkError, type Place } from './errors.ts'
import type { Exchange, TimeLimit } from './exchange.ts'
import type { HttpHeaders } from './headers.ts'
import { StreamedExchange } from './streamed.ts'
import type { RequestObserver } from './target.ts'
import type { Watchdog } from './watchdog.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'

/** One request on one connection, as it goes out. */
export interface Hop {
  readonly method: Method
  readonly origin: URL
  readonly path: string
  /** Flat: name, value, name, value. */
  readonly headers: string[]
  readonly body?: Uint8Array | Readable | undefined
  readonly limit: TimeLimit
  readonly signal?: AbortSignal | undefined
  /** See CallOptions. */
  readonly beforeSend?: (() => void) | undefined
  /** Absent: the registry's own origin. */
  readonly foreign?: { readonly guard: AddressGuard | undefined } | undefined
}

/** An answer whose body is still to be read. It must be read, or given back by `return()` of its iterator. */
export interface OpenAnswer {
  readonly status: number
  readonly headers: HttpHeaders
  chunks(): AsyncGenerator<Uint8Array, void, void>
  /** Ends the exchange where the rest is not wanted. */
  abandon(error: TallymanError): void
}

/** Sends single requests: picks the line, watches the time, listens to the signal, tells the observer. */
export class Wire {
  readonly #egress: Egress
  readonly #clock: Clock
  readonly #watchdog: Watchdog
  readonly #observer: RequestObserver | undefined

  constructor(options: {
    egress: Egress
    clock: Clock
    watchdog: Watchdog
    observer: RequestObserver | undefined
  }) {
    this.#egress = options.egress
    this.#clock = options.clock
    this.#watchdog = options.watchdog
    this.#observer = options.observer
  }

  /** The whole answer, of at most `maxBytes`. @throws TallymanError for everything but an answer */
  ask(hop: Hop, maxBytes: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      throwIfAborted(hop.signal)
      hop.beforeSend?.()
      const line = this.#line(hop)
      let forget: (() => void) | undefined
      const exchange = new BufferedExchange(hop, hop.limit, this.#clock, maxBytes, (error, answer) => {
        forget?.()
        this.#finished(exchange, hop, line, error, answer?.status)
        if (answer !== undefined) resolve(answer)
        else reject(error)
      })
      forget = this.#start(hop, line, exchange)
    })
  }

  /**
   * The header of the answer, its body to be read.
   * @param done called once, when the exchange is over; until then its line and slot are in use
   */
  open(hop: Hop, done: () => void): Promise<OpenAnswer> {
    return new Promise((resolve, reject) => {
      throwIfAborted(hop.signal)
      hop.beforeSend?.()
      const line = this.#line(hop)
      let forget: (() => void) | undefined
      const exchange = new StreamedExchange(
        hop,
        hop.limit,
        this.#clock,
        (error) => {
          if (error !== undefined) reject(error)
          else {
            resolve({
              status: exchange.answerStatus,
              headers: exchange.answerHeaders,
              chunks: () => exchange.chunks(),
              abandon: (reason) => exchange.fail(reason),
            })
          }
        },
        (error) => {
          forget?.()
          this.#finished(exchange, hop, line, error, exchange.answerStatus)
          done()
        },
      )
      forget = this.#start(hop, line, exchange)
    })
  }

  #line(hop: Hop): Line {
    return hop.foreign === undefined
      ? this.#egress.own()
      : this.#egress.foreign(hop.origin, hop.foreign.guard)
  }

  #start(hop: Hop, line: Line, exchange: Exchange): (() => void) | undefined {
    this.#watchdog.watch(exchange)
    line.occupant = exchange
    // A DELETE that its client leaves may stay half done (S16): what was sent is waited for.
    const signal = hop.limit.kind === 'destructive' ? undefined : hop.signal
    const forget =
      signal === undefined ? undefined : onAbort(signal, () => exchange.fail(cancellation(signal)))
    try {
      line.dispatcher.dispatch(options(hop), exchange)
    } catch (error) {
      exchange.fail(networkError(error, hop, 'headers'))
    }
    if (!exchange.over) return forget
    forget?.()
    return undefined
  }

  #finished(
    exchange: Exchange,
    hop: Place,
    line: Line,
    error: TallymanError | undefined,
    status: number | undefined,
  ): void {
    this.#watchdog.forget(exchange)
    this.#egress.release(line, exchange.failed)
    this.#observer?.finished({
      host: hop.origin.host,
      method: hop.method,
      status: error?.code ?? status ?? 0,
      durationMs: this.#clock.monotonic() - exchange.startedAt,
    })
  }
}

/**
 * `reset: false`: undici closes the connection after every HEAD otherwise. Its own timers are off, the watchdog does that.
 */
function options(hop: Hop): Dispatcher.DispatchOptions {
  return {
    origin: hop.origin.origin,
    path: hop.path,
    method: hop.method,
    headers: hop.headers,
    body: hop.body ?? null,
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(hop.method === 'HEAD' ? { reset: false } : {}),
  }
}
