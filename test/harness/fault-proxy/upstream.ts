import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { Body } from './body.ts'

/** Registries and API servers send long token and WWW-Authenticate headers. */
export const MAX_HEADER_BYTES = 1_048_576

export interface UpstreamOptions {
  readonly origin: string
  /** PEM of the authority that signed the upstream's certificate. */
  readonly ca: string | undefined
  readonly insecure: boolean
}

export interface UpstreamRequest {
  readonly method: string
  /** Path and query, as the client wrote them. */
  readonly target: string
  readonly headers: readonly string[]
  /** Undefined where the request has none. */
  readonly upload: Body | undefined
  readonly onUploaded: (bytes: number) => void
}

/**
 * The upstream connection that belongs to one client connection. They live and die together, so that a client sees
 * what it would see without the proxy: a server that restarts closes its idle connections too, and no request is
 * lost to a pooled connection that the server closed meanwhile.
 */
export class UpstreamLink {
  readonly #options: UpstreamOptions
  readonly #url: URL
  readonly #client: Socket
  readonly #mirrored = new WeakSet<Socket>()
  #agent: http.Agent
  #busy = 0

  constructor(options: UpstreamOptions, client: Socket) {
    this.#options = options
    this.#url = new URL(options.origin)
    this.#client = client
    this.#agent = this.#newAgent()
    client.once('close', () => this.#agent.destroy())
  }

  /**
   * Forwards a request and gives the answer as soon as its headers are there.
   * @throws WireEnd where the upload's shape ends the connection; the socket's error where the upstream is not there
   */
  async ask(request: UpstreamRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const agent = this.#agent
    const outgoing = this.#open(request, agent)
    const onAbort = () => outgoing.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#busy += 1
    outgoing.once('close', () => {
      this.#busy -= 1
      signal.removeEventListener('abort', onAbort)
    })
    outgoing.on('socket', (socket) => this.#mirror(socket, agent))
    const answered = Promise.withResolvers<IncomingMessage>()
    outgoing.once('response', answered.resolve)
    outgoing.on('error', answered.reject)
    upload(outgoing, request).catch((error: unknown) => {
      answered.reject(error)
      outgoing.destroy()
    })
    return answered.promise
  }

  /** Leaves the present upstream connection, whatever it still sends; the client's connection stays. */
  renew(): void {
    const left = this.#agent
    this.#agent = this.#newAgent()
    left.destroy()
  }

  #open(request: UpstreamRequest, agent: http.Agent): ClientRequest {
    const { ca, insecure } = this.#options
    const { protocol, hostname, port } = this.#url
    const host = hostname.replace(/^\[|\]$/g, '')
    const { method, target, headers } = request
    const common = { agent, host, port, method, path: target, headers, maxHeaderSize: MAX_HEADER_BYTES }
    if (protocol === 'http:') return http.request(common)
    const servername = isIP(host) === 0 ? host : ''
    return https.request({ ...common, servername, rejectUnauthorized: !insecure, ...(ca ? { ca } : {}) })
  }

  #newAgent(): http.Agent {
    const options = { keepAlive: true, maxSockets: 1 }
    return this.#url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options)
  }

  #mirror(socket: Socket, agent: http.Agent): void {
    if (this.#mirrored.has(socket)) return
    this.#mirrored.add(socket)
    socket.once('close', () => {
      if (agent === this.#agent && this.#busy === 0) this.#client.end(() => this.#client.destroy())
    })
  }
}

async function upload(outgoing: ClientRequest, request: UpstreamRequest): Promise<void> {
  if (request.upload !== undefined) {
    outgoing.flushHeaders()
    for await (const chunk of request.upload) {
      // An upstream that answered early and left gets no more, but the client must be able to finish sending.
      if (chunk.length > 0 && !outgoing.destroyed && (await passOn(outgoing, chunk))) {
        request.onUploaded(chunk.length)
      }
    }
  }
  outgoing.end()
}

/** Resolves once the chunk was handed to the kernel: false where the connection is gone, which 'error' reports. */
function passOn(outgoing: ClientRequest, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => outgoing.write(chunk, (error) => resolve(!error)))
}
