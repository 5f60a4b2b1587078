import type { SecureContext } from 'node:tls'
import { Agent, buildConnector, Client, type Dispatcher, ProxyAgent } from 'undici'
import { type AddressGuard, guardedLookup } from './addresses.ts'
import { bypassesProxy } from './proxy.ts'
import type { ProxySettings } from './target.ts'

/** Longer than most gaps between two requests of a run, shorter than what servers and load balancers keep. */
const KEEP_ALIVE_MS = 10_000
/** Connections to one other origin: token server, object storage. */
const FOREIGN_CONNECTIONS = 16
const FOREIGN_ORIGINS = 64

/** Who is on a line is told when its connection goes before anything was sent on it. */
export interface Occupant {
  disconnected(error: Error): void
}

/** A way out for one request. `occupant` is set by whoever took the line, and cleared before it is given back. */
export interface Line {
  readonly dispatcher: Dispatcher
  occupant: Occupant | undefined
}

/**
 * The connections of one client: to the registry itself one undici Client per slot (a pool's choosing and queueing costs
 * a fifth of the rate), to other origins an agent, through a proxy a proxy agent.
 */
export class Egress {
  readonly #registry: URL
  readonly #context: SecureContext | undefined
  readonly #proxy: ProxySettings | undefined
  readonly #connectMs: number
  readonly #connector: buildConnector.connector
  readonly #idle: Line[] = []
  /** The lines with a connection of their own. */
  readonly #lines = new Set<Line>()
  readonly #agents = new Map<AddressGuard | 'proxy' | undefined, Dispatcher>()
  #closed = false

  constructor(options: {
    registry: URL
    context: SecureContext | undefined
    proxy: ProxySettings | undefined
    connectMs: number
  }) {
    this.#registry = options.registry
    this.#context = options.context
    this.#proxy = options.proxy
    this.#connectMs = options.connectMs
    this.#connector = buildConnector({ ...this.#tls(), allowH2: false, timeout: options.connectMs })
  }

  /** A line to the registry's own origin. */
  own(): Line {
    if (this.#usesProxy(this.#registry)) return shared(this.#proxyAgent())
    return this.#idle.pop() ?? this.#connect()
  }

  /** Takes a line back. @param broken its connection may be in any state and is not used again */
  release(line: Line, broken: boolean): void {
    line.occupant = undefined
    if (!this.#lines.has(line)) return
    if (!broken && !this.#closed) {
      this.#idle.push(line)
      return
    }
    this.#lines.delete(line)
    // Destroying ends what is left of the connection; there is nobody to tell how that went.
    line.dispatcher.destroy(() => undefined)
  }

  /**
   * A line to another origin.
   * @param refused stands between name and connection; undefined lets every address pass. Behind a proxy it is the proxy
   * that resolves names, and nothing stands there.
   */
  foreign(url: URL, refused: AddressGuard | undefined): Line {
    if (this.#usesProxy(url)) return shared(this.#proxyAgent())
    let agent = this.#agents.get(refused)
    if (agent === undefined) {
      agent = new Agent({
        allowH2: false,
        connections: FOREIGN_CONNECTIONS,
        maxOrigins: FOREIGN_ORIGINS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connect: {
          ...this.#tls(),
          timeout: this.#connectMs,
          ...(refused === undefined ? {} : { lookup: guardedLookup(refused) }),
        },
      })
      this.#agents.set(refused, agent)
    }
    return shared(agent)
  }

  /** Closes every connection; requests under way fail. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(
      [...[...this.#lines].map(({ dispatcher }) => dispatcher), ...this.#agents.values()].map((each) =>
        each.destroy(),
      ),
    )
    this.#lines.clear()
    this.#agents.clear()
    this.#idle.length = 0
  }

  #connect(): Line {
    const client = new Client(this.#registry.origin, {
      connect: this.#connector,
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
    })
    const line: Line = { dispatcher: client, occupant: undefined }
    client.on('disconnect', (_origin, _targets, error) => line.occupant?.disconnected(error))
    this.#lines.add(line)
    return line
  }

  #usesProxy(url: URL): boolean {
    return this.#proxy !== undefined && !bypassesProxy(url, this.#proxy.noProxy ?? [])
  }

  #proxyAgent(): Dispatcher {
    const existing = this.#agents.get('proxy')
    if (existing !== undefined) return existing
    const agent = new ProxyAgent({
      uri: this.#proxy?.url ?? '',
      allowH2: false,
      connections: null,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requestTls: { ...this.#tls(), timeout: this.#connectMs, allowH2: false },
      proxyTls: { ...this.#tls(), timeout: this.#connectMs, allowH2: false },
    })
    this.#agents.set('proxy', agent)
    return agent
  }

  #tls(): { secureContext?: SecureContext } {
    return this.#context === undefined ? {} : { secureContext: this.#context }
  }
}

const shared = (dispatcher: Dispatcher): Line => ({ dispatcher, occupant: undefined })
