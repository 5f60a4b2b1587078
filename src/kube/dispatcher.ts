import { createHash } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { DispatcherOptions } from '@kubernetes/client-node'
import { Agent, type buildConnector, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici'

const CONNECT = { keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 } as const

/** HTTP/1.1 on purpose: a watch has its own connection, so a stalled one never blocks the others (docs/adr). */
const POOL = { allowH2: false, pipelining: 1, keepAliveTimeout: 30_000 } as const

/**
 * The one pool of connections of a cluster. It is replaced only when a CA or client certificate was rotated; what runs
 * on the old one ends there in peace.
 */
export class SharedDispatcher {
  #current: { readonly key: string; readonly dispatcher: Dispatcher } | undefined
  readonly #retired = new Set<Dispatcher>()

  for(options: DispatcherOptions): Dispatcher {
    const key = fingerprint(options)
    if (this.#current?.key === key) return this.#current.dispatcher
    // Throws where a rotated file is no certificate: what runs goes on then.
    const dispatcher = create(options)
    const old = this.#current?.dispatcher
    if (old !== undefined) {
      this.#retired.add(old)
      // It rejects when destroy() comes first: gone either way.
      const forget = () => this.#retired.delete(old)
      void old.close().then(forget, forget)
    }
    this.#current = { key, dispatcher }
    return dispatcher
  }

  /** Breaks whatever is still running. */
  async destroy(): Promise<void> {
    const all = [...this.#retired]
    if (this.#current !== undefined) all.push(this.#current.dispatcher)
    this.#current = undefined
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
  }
}

function create(options: DispatcherOptions): Dispatcher {
  switch (options.type) {
    case 'none':
      return new Agent({ ...POOL, connect: CONNECT })
    case 'agent':
      return new Agent({ ...POOL, connect: { ...tlsOf(options.connect), ...CONNECT } })
    case 'proxy':
      return new ProxyAgent({
        ...POOL,
        uri: options.uri,
        requestTls: { ...tlsOf(options.requestTls), ...CONNECT },
      })
    case 'socks':
      return new Socks5ProxyAgent(options.uri, {
        ...POOL,
        requestTls: { ...tlsOf(options.requestTls), ...CONNECT },
      })
  }
}

type TlsOptions = Extract<DispatcherOptions, { type: 'proxy' }>['requestTls']

/**
 * What client-node sets of Node's TLS options. CA and certificate are read once: to read them takes two milliseconds, and
 * the dozen watches of a cluster are opened in one turn of the event loop.
 */
function tlsOf(options: TlsOptions): buildConnector.BuildOptions {
  const { ca, cert, key, passphrase, rejectUnauthorized, servername } = options
  return {
    secureContext: createSecureContext({ ca, cert, key, passphrase }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(servername === undefined ? {} : { servername }),
  }
}

function fingerprint(options: DispatcherOptions): string {
  // Buffers become arrays of numbers, so equal files give equal text; a hash, so that no private key is kept twice.
  return createHash('sha256').update(JSON.stringify(options)).digest('base64')
}
