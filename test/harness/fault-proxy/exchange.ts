import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { systemClock } from '#time/clock.ts'
import { orAborted } from './aborting.ts'
import type { WireEnding } from './body.ts'
import type { FrontDoor } from './front-door.ts'
import type { OpenRecord, RecordedRequest } from './record.ts'

/** A request that is going on, for faults that come at a moment the test chooses. */
export interface OpenExchange {
  readonly request: RecordedRequest
  /** Destroys the client's connection now; `reset` with a TCP RST. */
  cut(options?: { reset?: boolean }): void
  /** From now on nothing more of the answer reaches the client, while its socket stays open. */
  freeze(): void
  /** What was held back since freeze() is sent, and the answer goes on. */
  thaw(): void
  /** Puts bytes between two chunks of an answer of unknown length: an event into a watch. */
  inject(bytes: string | Uint8Array): void
}

const GONE = 'the connection to the client is gone'

/** One request of a client and what becomes of it. */
export class Exchange implements OpenExchange {
  readonly request: OpenRecord
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly #abandoned = new AbortController()
  readonly #door: FrontDoor
  readonly #socket: Socket
  #frozen: PromiseWithResolvers<void> | undefined
  #openEnded = false

  constructor(request: OpenRecord, incoming: IncomingMessage, outgoing: ServerResponse, door: FrontDoor) {
    this.request = request
    this.incoming = incoming
    this.outgoing = outgoing
    this.#door = door
    this.#socket = incoming.socket
    const onGone = () => this.#abandoned.abort(new Error(GONE))
    // A pipelined answer that still waits for its turn is not told when the connection closes.
    this.#socket.once('close', onGone)
    outgoing.once('close', () => {
      this.#socket.off('close', onGone)
      if (!outgoing.writableFinished) onGone()
      request.durationMs = systemClock.monotonic() - request.time
    })
    // write() reports the same failure to its caller; without a listener it would end the process as well.
    outgoing.on('error', (error) => this.#abandoned.abort(error))
  }

  /** Aborts when the client's connection is gone before the answer was complete. */
  get signal(): AbortSignal {
    return this.#abandoned.signal
  }

  /** Sends status and headers (a flat list) at once, without waiting for the body. */
  async head(status: number, reason: string | undefined, headers: string[]): Promise<void> {
    await this.#thawed()
    this.outgoing.sendDate = false
    this.outgoing.writeHead(status, reason, headers)
    this.outgoing.flushHeaders()
    this.request.status = status
    this.#openEnded = !headers.some((text, at) => at % 2 === 0 && text.toLowerCase() === 'content-length')
  }

  /** Resolves once the chunk was handed to the kernel, so that the slowest side sets the pace. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#thawed()
    if (chunk.length === 0) return
    const written = new Promise<void>((resolve, reject) => {
      this.outgoing.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
    await orAborted(written, this.signal)
    this.request.bytes += chunk.length
  }

  async end(): Promise<void> {
    await this.#thawed()
    await orAborted(new Promise<void>((resolve) => this.outgoing.end(resolve)), this.signal)
  }

  /** Notes why the exchange failed where no fault meant it to, and breaks the client's connection. */
  fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    // A client that leaves takes its upstream connection along: what is heard from there is only the consequence.
    this.request.error = this.#socket.destroyed ? GONE : why
    // An upstream that cannot be reached is a broken connection, not a 502: the proxy has no voice of its own.
    this.endWire('destroy')
  }

  endWire(how: WireEnding): void {
    if (how === 'reset') this.#door.reset(this.#socket)
    else if (how === 'destroy') this.#socket.destroy()
    else this.#socket.end(() => this.#socket.destroy())
  }

  cut(options: { reset?: boolean } = {}): void {
    this.request.faulted.push('cut')
    this.endWire(options.reset ? 'reset' : 'destroy')
  }

  freeze(): void {
    this.request.faulted.push('halfOpen')
    this.#frozen ??= Promise.withResolvers<void>()
  }

  thaw(): void {
    this.#frozen?.resolve()
    this.#frozen = undefined
  }

  inject(bytes: string | Uint8Array): void {
    if (!this.#openEnded) {
      throw new Error(
        `${this.request.method} ${this.request.path}: no answer of unknown length to inject into`,
      )
    }
    this.request.faulted.push('inject')
    const chunk = Buffer.from(bytes)
    this.outgoing.write(chunk)
    this.request.bytes += chunk.length
  }

  async #thawed(): Promise<void> {
    while (this.#frozen !== undefined) await orAborted(this.#frozen.promise, this.signal)
  }
}
