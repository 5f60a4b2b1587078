import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { hasCode, TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { skewOf } from '#time/clock-skew.ts'
import { linkedAbort } from './abort.ts'
import { readAsItComes } from './body-reader.ts'
import { type Access, Credentials } from './credentials.ts'
import { SharedDispatcher } from './dispatcher.ts'
import { httpError, transportError } from './errors.ts'
import type { KubeconfigSource } from './kubeconfig.ts'
import { Reachability } from './reachability.ts'
import type { KubeRequest, KubeResponse, KubeStream } from './request.ts'

export type { KubeRequest, KubeResponse, KubeStream } from './request.ts'

/** One cluster: its address, credentials and the one pool of connections that everything sent to it shares. */
export interface ClusterConnection {
  /** The name of the context, or `in-cluster`. */
  readonly name: string
  /** Origin and base path. */
  readonly server: string
  /** By how many milliseconds the server's clock is ahead of ours, as of its last answer (see skewOf); undefined before one. */
  readonly skewMs: number | undefined
  /** The server's time as of its last answer, ms since the epoch, and when that was, monotonic ms; undefined before one. */
  readonly serverClock: { readonly serverTime: number; readonly at: number } | undefined
  /** The whole answer, at most `maxBytes` of it. @throws KUBE_*, CANCELLED */
  request(options: KubeRequest): Promise<KubeResponse>
  /** Status and headers at once, the body as it comes. @throws KUBE_*, CANCELLED */
  stream(options: KubeRequest): Promise<KubeStream>
  /** Calls `listener` when the server answers again after an outage. The returned function ends that. */
  onBack(listener: () => void): () => void
  /** Ends every connection, also of requests and streams that still run. */
  close(): Promise<void>
}

export interface ConnectOptions extends KubeconfigSource {
  readonly clock: Clock
}

/**
 * A cluster by kubeconfig (path, text, $KUBECONFIG, ~/.kube/config) or by the pod's own ServiceAccount. Reads the
 * configuration and the first credentials; sends nothing.
 * @throws KUBE_CONFIG_INVALID, KUBE_UNAUTHORIZED
 */
export async function connect(options: ConnectOptions): Promise<ClusterConnection> {
  const credentials = new Credentials(options, options.clock)
  await credentials.access()
  return new HttpConnection(credentials, options.clock)
}

const TIMEOUT_MS = 30_000
const MAX_BYTES = 16 * 1024 * 1024
const MAX_ERROR_BYTES = 64 * 1024

class HttpConnection implements ClusterConnection {
  readonly name: string
  readonly server: string
  readonly #credentials: Credentials
  readonly #clock: Clock
  readonly #dispatcher = new SharedDispatcher()
  readonly #reachability: Reachability
  readonly #origin: string
  readonly #basePath: string
  #skewMs: number | undefined
  #serverClock: ClusterConnection['serverClock']

  constructor(credentials: Credentials, clock: Clock) {
    this.#credentials = credentials
    this.#clock = clock
    this.#reachability = new Reachability(clock)
    this.name = credentials.name
    this.server = credentials.server
    const url = URL.parse(this.server)
    if (url === null) throw new TallymanError('KUBE_CONFIG_INVALID', `${this.server} is not a URL`)
    this.#origin = url.origin
    this.#basePath = url.pathname.replace(/\/+$/, '')
  }

  get skewMs(): number | undefined {
    return this.#skewMs
  }

  get serverClock(): ClusterConnection['serverClock'] {
    return this.#serverClock
  }

  async request(options: KubeRequest): Promise<KubeResponse> {
    const timer = this.#limit(options)
    try {
      const answer = await this.#send(options, timer.signal)
      const body = await readBody(answer.body, options.maxBytes ?? MAX_BYTES, options)
      return { status: answer.statusCode, headers: flatHeaders(answer.headers), body }
    } catch (error) {
      throw transportError(options, error, timer.signal)
    } finally {
      timer.end()
    }
  }

  async stream(options: KubeRequest): Promise<KubeStream> {
    // The limit ends with the headers, the link to the caller's signal with the body.
    const timer = this.#limit(options)
    try {
      const answer = await this.#send(options, timer.signal)
      timer.stop()
      const read: KubeStream['read'] = (onChunk) => readStream(answer.body, onChunk, options, timer)
      return { status: answer.statusCode, headers: flatHeaders(answer.headers), read }
    } catch (error) {
      timer.end()
      throw transportError(options, error, timer.signal)
    }
  }

  onBack(listener: () => void): () => void {
    return this.#reachability.onBack(listener)
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }

  async #send(options: KubeRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    for (let retried = false; ; retried = true) {
      const access = await this.#credentials.access()
      const sentAt = this.#clock.now()
      const answer = await this.#answer(options, access, signal)
      this.#noteTime(flatHeaders(answer.headers).date, sentAt)
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
      const body = await readStart(answer.body, MAX_ERROR_BYTES)
      if (answer.statusCode === 401 && !retried && this.#credentials.refresh(access)) continue
      throw httpError(options, answer.statusCode, body, flatHeaders(answer.headers)['retry-after'])
    }
  }

  async #answer(options: KubeRequest, access: Access, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      const answer = await this.#exchange(options, access, signal)
      // What stands before a server that is down, or one that is starting, answers with these.
      if (answer.statusCode < 500) this.#reachability.answered()
      return answer
    } catch (thrown) {
      const error = transportError(options, thrown, signal)
      if (hasCode(error, 'KUBE_UNREACHABLE', 'KUBE_TIMEOUT')) this.#reachability.failed()
      throw error
    }
  }

  #noteTime(date: string | undefined, sentAt: number): void {
    const now = this.#clock.now()
    const skewMs = skewOf(date, sentAt, now)
    if (skewMs === undefined) return
    this.#skewMs = skewMs
    this.#serverClock = { serverTime: now + skewMs, at: this.#clock.monotonic() }
  }

  #exchange(options: KubeRequest, access: Access, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { method, body } = options
    options.beforeSend?.()
    return this.#dispatcher.for(access.connect).request({
      origin: this.#origin,
      path: `${this.#basePath}${options.path}${queryString(options.query)}`,
      method,
      signal,
      headers: {
        'user-agent': 'tallyman',
        accept: options.accept ?? 'application/json',
        ...(body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        ...access.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  #limit(options: KubeRequest): Timer {
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    const link = linkedAbort(options.signal)
    const stop = this.#clock.schedule(timeoutMs, () => {
      const name = `${options.method} ${options.path}`
      link.abort(new TallymanError('KUBE_TIMEOUT', `${name}: no complete answer within ${timeoutMs} ms`))
    })
    return {
      signal: link.signal,
      stop,
      end: () => {
        stop()
        link.release()
      },
    }
  }
}

interface Timer {
  readonly signal: AbortSignal
  /** Ends the time limit; the caller's signal still aborts. */
  stop(): void
  /** Ends both. */
  end(): void
}

async function readStream(
  body: Readable,
  onChunk: (chunk: Uint8Array) => void,
  request: KubeRequest,
  timer: Timer,
): Promise<void> {
  try {
    await readAsItComes(body, onChunk)
  } catch (error) {
    throw transportError(request, error, timer.signal)
  } finally {
    timer.end()
  }
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  request: KubeRequest,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) {
      throw new TallymanError(
        'KUBE_TOO_LARGE',
        `${request.method} ${request.path}: more than ${maxBytes} bytes`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/** At most `maxBytes` of an error's body; leaving the loop closes the connection if there is more. */
async function readStart(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= maxBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBytes)
}

function queryString(query: KubeRequest['query']): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

function flatHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}
