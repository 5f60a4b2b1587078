import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { reservePort } from '#test/harness/ports.ts'
import { type KeyPair, testAuthority } from '#test/harness/tls.ts'
import { carryOut } from './fault-proxy/carry-out.ts'
import { CountingMatcher, type RequestCounter } from './fault-proxy/counter.ts'
import { Exchange, type OpenExchange } from './fault-proxy/exchange.ts'
import type { Fault } from './fault-proxy/faults.ts'
import { FrontDoor } from './fault-proxy/front-door.ts'
import { type Hold, RequestHold } from './fault-proxy/hold.ts'
import { matcher, type RequestMatch } from './fault-proxy/match.ts'
import { seededRandom } from './fault-proxy/random.ts'
import { openRecord, type RecordedRequest, RequestRing } from './fault-proxy/record.ts'
import { RuleBook } from './fault-proxy/rules.ts'
import { MAX_HEADER_BYTES, UpstreamLink } from './fault-proxy/upstream.ts'

export * from './fault-proxy/answers.ts'
export type { RequestCounter } from './fault-proxy/counter.ts'
export type { OpenExchange } from './fault-proxy/exchange.ts'
export type { Fault, FaultKind, Position } from './fault-proxy/faults.ts'
export type { Hold } from './fault-proxy/hold.ts'
export { killAtRequest } from './fault-proxy/kill.ts'
export type { RequestMatch } from './fault-proxy/match.ts'
export type { RecordedRequest } from './fault-proxy/record.ts'

export interface FaultProxyOptions {
  /** Origin of the API server or registry. */
  readonly upstream: string
  /** PEM of the authority that signed the upstream's certificate. */
  readonly upstreamCa?: string
  /** Accepts any certificate of the upstream. */
  readonly upstreamInsecure?: boolean
  /** Listens with TLS: with this certificate, or with one of `testAuthority()` where it is true. */
  readonly tls?: KeyPair | boolean
  /** Seed for faults with a probability. Default 1. */
  readonly seed?: number
  /** How many requests `requests` holds. Default 10,000. */
  readonly remember?: number
}

/**
 * An HTTP/1.1 reverse proxy on loopback that hands everything through as it comes, both ways, until it is told to
 * misbehave. One client connection has one upstream connection of its own.
 */
export interface FaultProxy {
  readonly url: string
  readonly host: string
  /** What clients must trust, where it listens with TLS. */
  readonly caPem: string | undefined
  /** The last requests, oldest first. */
  readonly requests: readonly RecordedRequest[]
  readonly count: number
  /** TCP connections accepted so far, and those open now. */
  readonly connections: number
  readonly openConnections: number
  /** Adds a fault; all that match a request strike it, in the order in which they were added. Gives its removal. */
  rule(fault: Fault, match?: RequestMatch): () => void
  /** Takes every rule away. Requests already struck stay so. */
  clear(): void
  /** Calls `hook` synchronously with each request before it is forwarded. Gives its removal. */
  onRequest(hook: (request: RecordedRequest, n: number) => void): () => void
  /** Counts matching requests from now on. */
  counter(match?: RequestMatch): RequestCounter
  /** Holds the first matching request back until it is released. */
  hold(match?: RequestMatch): Hold
  /** The requests going on now, oldest first, for faults at a moment of the test's choice. */
  exchanges(match?: RequestMatch): readonly OpenExchange[]
  /** Closes the port: new connections are refused, open ones stay (see `cutConnections`). */
  stopListening(): void
  /** Opens the same port again. */
  resumeListening(): Promise<void>
  /** While true, new connections are accepted and never read. What came in meanwhile stays silent for good. */
  silenceConnections(silent: boolean): void
  /** Destroys every open connection. */
  cutConnections(): Promise<void>
  stop(): Promise<void>
}

/** Starts a fault proxy on a free loopback port in front of `upstream`, which need not run yet. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const certificate = await certificateFor(options.tls)
  const scheme = certificate === undefined ? 'http' : 'https'
  const upstream = {
    origin: options.upstream,
    ca: options.upstreamCa,
    insecure: options.upstreamInsecure ?? false,
  }
  const rules = new RuleBook(seededRandom(options.seed ?? 1))
  const ring = new RequestRing(options.remember ?? 10_000)
  const links = new WeakMap<Socket, UpstreamLink>()
  const open = new Set<Exchange>()
  const hooks = new Set<(request: RecordedRequest, n: number) => void>()
  const counters = new Set<CountingMatcher>()
  const holds = new Set<RequestHold>()

  const linkOf = (client: Socket): UpstreamLink => {
    const link = links.get(client) ?? new UpstreamLink(upstream, client)
    links.set(client, link)
    return link
  }
  const serve = async (incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> => {
    const request = openRecord(incoming, ring.count + 1)
    const exchange = new Exchange(request, incoming, outgoing, door)
    ring.add(request)
    open.add(exchange)
    outgoing.once('close', () => open.delete(exchange))
    for (const counter of counters) counter.see(request)
    for (const hook of hooks) hook(request, request.n)
    const faults = rules.strike(request)
    request.faulted.push(...faults.map((fault) => fault.kind))
    const held = [...holds].map((hold) => hold.catch(request, exchange.signal))
    await carryOut(exchange, faults, linkOf(incoming.socket), scheme, held)
  }
  const running = new Set<Promise<void>>()
  const server = createServer(certificate, (incoming, outgoing) => {
    const served = serve(incoming, outgoing)
    running.add(served)
    void served.finally(() => running.delete(served))
  })
  const door = new FrontDoor((socket) => server.emit('connection', socket))
  // Nobody else takes it while the proxy does not listen.
  const { port, release } = await reservePort()
  await door.listen(port)

  return {
    url: `${scheme}://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    caPem: certificate?.caPem,
    get requests() {
      return ring.requests
    },
    get count() {
      return ring.count
    },
    get connections() {
      return door.connections
    },
    get openConnections() {
      return door.openConnections
    },
    rule: (fault, match) => rules.add(fault, match),
    clear: () => rules.clear(),
    onRequest: (hook) => {
      hooks.add(hook)
      return () => hooks.delete(hook)
    },
    counter: (match) => added(counters, new CountingMatcher(match)),
    hold: (match) => added(holds, new RequestHold(match)),
    exchanges: (match) => {
      const matches = matcher(match)
      return [...open].filter((exchange) => matches(exchange.request))
    },
    stopListening: () => door.refuse(),
    resumeListening: () => door.listen(port),
    silenceConnections: (silent) => {
      door.silent = silent
    },
    cutConnections: () => door.destroyAll(),
    stop: async () => {
      door.refuse()
      await door.destroyAll()
      await Promise.all(running)
      await release()
    },
  }
}

function added<T>(set: Set<T>, item: T): T {
  set.add(item)
  return item
}

interface ProxyCertificate extends KeyPair {
  readonly caPem: string
}

async function certificateFor(tls: FaultProxyOptions['tls']): Promise<ProxyCertificate | undefined> {
  if (tls === undefined || tls === false) return undefined
  if (tls !== true) return { ...tls, caPem: tls.certPem }
  const authority = await testAuthority()
  return { ...(await authority.issue(['127.0.0.1', 'localhost'])), caPem: authority.caPem }
}

function createServer(certificate: KeyPair | undefined, listener: http.RequestListener): http.Server {
  // Only the upstream decides when a connection has been idle or a request slow for too long.
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 0,
    requestTimeout: 0,
    headersTimeout: 0,
  }
  if (certificate === undefined) return http.createServer(options, listener)
  return https.createServer({ ...options, cert: certificate.certPem, key: certificate.keyPem }, listener)
}
