import { hash } from 'node:crypto'
import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { Authenticator } from './auth/authenticator.ts'
import { TokenServer } from './auth/token-server.ts'
import { RegistryClient } from './client.ts'
import { Egress } from './egress.ts'
import { safeUrl } from './errors.ts'
import type { TimeLimit } from './exchange.ts'
import { Limiter } from './limiter.ts'
import {
  DEFAULT_TIMEOUTS,
  type RegistryLog,
  type RegistryTarget,
  type RequestObserver,
  type Timeouts,
} from './target.ts'
import { trustContext } from './tls.ts'
import { Transport } from './transport.ts'
import { Watchdog } from './watchdog.ts'
import { Wire } from './wire.ts'

/**
 * Clients that are kept. Above it the one that was not asked for the longest is let go: after a change of a Secret nobody
 * asks for the old one again. Whoever still holds it can go on using it; its connections close when they are idle.
 */
const MAX_CLIENTS = 256
const SLOWEST_TICK_MS = 500

export interface RegistryPoolOptions {
  readonly clock: Clock
  readonly userAgent: string
  readonly log?: RegistryLog | undefined
  readonly observer?: RequestObserver | undefined
  /** Other time limits than the usual ones. */
  readonly timeouts?: Partial<Timeouts> | undefined
}

/** All registry clients of a process: one for each (URL, credential), one limiter for each origin. */
export class RegistryPool {
  readonly #options: RegistryPoolOptions
  readonly #timeouts: Timeouts
  readonly #watchdog: Watchdog
  readonly #clients = new Map<string, RegistryClient>()
  readonly #limiters = new Map<string, Limiter>()

  constructor(options: RegistryPoolOptions) {
    this.#options = options
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
    const shortest = Math.min(
      this.#timeouts.answerMs,
      this.#timeouts.progressWindowMs,
      this.#timeouts.commitMs,
    )
    this.#watchdog = new Watchdog(options.clock, Math.min(SLOWEST_TICK_MS, Math.ceil(shortest / 4)))
  }

  /**
   * The client of a target. The limits of the last target that named an origin hold for the whole origin.
   * @throws SPEC_INVALID where the URL of the registry or the proxy is none; SECRET_INVALID where the CA cannot be read
   */
  client(target: RegistryTarget): RegistryClient {
    const registry = parseHttpUrl(target.url, 'a registry')
    if (target.proxy !== undefined) parseHttpUrl(target.proxy.url, 'a proxy')
    const limiter = this.#limiter(registry, target)
    const key = keyOf(target)
    const client = this.#clients.get(key) ?? this.#create(registry, target, limiter)
    this.#clients.delete(key)
    this.#clients.set(key, client)
    if (this.#clients.size > MAX_CLIENTS) {
      const [oldest] = this.#clients.keys()
      if (oldest !== undefined) this.#clients.delete(oldest)
    }
    return client
  }

  async close(): Promise<void> {
    const clients = [...this.#clients.values()]
    this.#clients.clear()
    await Promise.all(clients.map((client) => client.close()))
    this.#watchdog.rest()
  }

  #limiter(registry: URL, target: RegistryTarget): Limiter {
    const existing = this.#limiters.get(registry.origin)
    if (existing !== undefined) {
      existing.configure(target.limits)
      return existing
    }
    const limiter = new Limiter(this.#options.clock, target.limits)
    this.#limiters.set(registry.origin, limiter)
    return limiter
  }

  #create(registry: URL, target: RegistryTarget, limiter: Limiter): RegistryClient {
    const { clock, log, observer, userAgent } = this.#options
    const timeouts = { ...this.#timeouts, answerMs: target.timeoutMs ?? this.#timeouts.answerMs }
    const limits = timeLimits(timeouts)
    const origin = new URL(registry.origin)
    const egress = new Egress({
      registry: origin,
      context: target.caPem === undefined ? undefined : trustContext(target.caPem),
      proxy: target.proxy,
      connectMs: timeouts.connectMs,
    })
    const wire = new Wire({ egress, clock, watchdog: this.#watchdog, observer })
    const { credential } = target
    const { throttleMs } = timeouts
    const tokens = new TokenServer({ wire, clock, credential, limit: limits.answer, throttleMs, userAgent })
    const auth = new Authenticator({
      registry: origin,
      credential,
      trustedRealms: target.trustedRealms ?? [],
      clock,
      fetch: (request) => tokens.fetch(request),
    })
    const transport = new Transport({
      registry: origin,
      wire,
      limiter,
      auth,
      clock,
      limits,
      throttleMs,
      userAgent,
      log,
    })
    const prefix = registry.pathname.replace(/^\/+|\/+$/g, '')
    return new RegistryClient({ transport, auth, egress, clock, prefix: prefix === '' ? '' : `${prefix}/` })
  }
}

function parseHttpUrl(url: string, what: string): URL {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    throw new TallymanError('SPEC_INVALID', `${safeUrl(url)} is no http or https URL of ${what}`)
  }
  return parsed
}

/** What makes two targets the same client. Hashed, so that no password is a key of a map. */
function keyOf(target: RegistryTarget): string {
  const { url, credential, caPem, proxy, trustedRealms, timeoutMs } = target
  return hash('sha256', JSON.stringify([url, credential, caPem, proxy, trustedRealms, timeoutMs]), 'hex')
}

function timeLimits(timeouts: Timeouts): Readonly<Record<TimeLimit['kind'], TimeLimit>> {
  const window = { windowMs: timeouts.progressWindowMs, windowBytes: timeouts.progressBytes }
  return {
    answer: { kind: 'answer', ms: timeouts.answerMs, ...window },
    download: { kind: 'download', ms: timeouts.answerMs, ...window },
    upload: { kind: 'upload', ms: timeouts.commitMs, ...window },
    destructive: { kind: 'destructive', ms: Number.POSITIVE_INFINITY, ...window },
  }
}
