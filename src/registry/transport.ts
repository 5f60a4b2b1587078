import type { Readable } from 'node:stream'
import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { abortable, pause } from './abort.ts'
import { hasPrivateAddress, hostOf } from './addresses.ts'
import type { Authenticator } from './auth/authenticator.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { urlOf } from './errors.ts'
import type { TimeLimit } from './exchange.ts'
import { header, headerValues } from './headers.ts'
import type { Limiter } from './limiter.ts'
import { addressGuard, resolveLocation } from './location.ts'
import { isOpen, type OpenReply, type Reply, readAtMost, WholeReply } from './reply.ts'
import { RetryBudget, type RetryRule } from './retry.ts'
import { retryAfterMs } from './retry-after.ts'
import { isFromRegistry, isWebPage } from './status.ts'
import type { Lane, RegistryLog } from './target.ts'
import type { Hop, Method, Wire } from './wire.ts'

const MAX_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** How long it stays believed that a registry answers behind this address. */
const CONFIRMED_MS = 10_000

/** One call of the distribution API. */
export interface Call {
  readonly method: Method
  /** With query; or a URL that the registry gave. */
  readonly target: string | URL
  /** What a token is asked for, where tokens are asked for. */
  readonly scope: string
  /** Flat: name, value. User-Agent and Authorization are added. */
  readonly headers?: readonly string[] | undefined
  /** Read anew for each try; without `retry: 'never'` it must be able to. */
  readonly body?: Uint8Array | (() => Readable) | undefined
  /** The most that a successful answer may hold. */
  readonly maxBytes: number
  readonly kind: TimeLimit['kind']
  readonly retry: RetryRule
  readonly lane: Lane
  readonly signal?: AbortSignal | undefined
  /** See CallOptions. */
  readonly beforeSend?: (() => void) | undefined
}

export interface TransportOptions {
  readonly registry: URL
  readonly wire: Wire
  readonly limiter: Limiter
  readonly auth: Authenticator
  readonly clock: Clock
  readonly limits: Readonly<Record<TimeLimit['kind'], TimeLimit>>
  /** How long 429 and 503 may keep one call waiting, in milliseconds. */
  readonly throttleMs: number
  readonly userAgent: string
  readonly log: RegistryLog | undefined
}

/**
 * Calls of the distribution API over a Wire: in turn with all others on the registry, with the right credentials, through
 * redirects, again where that can help. It answers with whatever status stands in the end and throws where none does.
 */
export class Transport {
  readonly #o: TransportOptions
  readonly #bare: readonly string[]
  #registryIsPrivate: boolean | undefined
  #confirmedAt = Number.NEGATIVE_INFINITY
  #warned = false

  constructor(options: TransportOptions) {
    this.#o = options
    this.#bare = ['user-agent', options.userAgent]
  }

  /** `host:port` of the registry. */
  get host(): string {
    return this.#o.registry.host
  }

  /** The whole answer. Anything but 2xx comes with at most 64 KiB of its body. */
  send(call: Call): Promise<Reply> {
    return this.#attempts(call, async () => {
      try {
        return await this.#authorized(call, (authorization) => this.#follow(call, authorization))
      } finally {
        this.#o.limiter.release()
      }
    })
  }

  /** A 200 or 206 with its body to be read; any other status as a Reply. */
  open(call: Call): Promise<Reply | OpenReply> {
    return this.#attempts(call, async () => {
      let handedOn = false
      try {
        const reply = await this.#authorized(call, (authorization) =>
          this.#follow(call, authorization, () => this.#o.limiter.release()),
        )
        handedOn = isOpen(reply)
        return reply
      } finally {
        if (!handedOn) this.#o.limiter.release()
      }
    })
  }

  /** Tries until an outcome stands. `once` begins with a slot of the limiter and sees to it that it is released. */
  async #attempts<T extends Reply | OpenReply>(call: Call, once: () => Promise<T>): Promise<T> {
    const { limiter, clock } = this.#o
    let budget: RetryBudget | undefined
    for (;;) {
      const turn = limiter.acquire(call.lane, call.signal)
      if (turn !== undefined) await turn
      let reply: T | undefined
      let error: TallymanError | undefined
      try {
        reply = await once()
      } catch (thrown) {
        error = asTallymanError(thrown)
      }
      if (reply !== undefined && reply.status < 400) {
        limiter.succeeded()
        if (!this.#warned) this.#readWarning(reply)
        return reply
      }
      budget ??= new RetryBudget(call.retry, this.#o.throttleMs)
      const retryAfter = reply === undefined ? undefined : retryAfterMs(reply.headers, clock.now())
      const decision = budget.decide(
        reply === undefined
          ? { kind: 'error', error: error ?? new TallymanError('INTERNAL', 'neither answer nor error') }
          : { kind: 'status', status: reply.status, retryAfterMs: retryAfter },
      )
      switch (decision.action) {
        case 'retry':
          await pause(clock, decision.delayMs, call.signal)
          break
        case 'pause':
          this.#pauseHost(decision.delayMs, reply?.status)
          break
        case 'give-up':
          this.#pauseHost(Math.min(decision.delayMs, this.#o.throttleMs), reply?.status)
          throw new TallymanError(
            'REGISTRY_THROTTLED',
            `${this.#o.registry.host} asks us to wait longer than we do`,
            {
              details: { status: reply?.status },
              retryAfterMs: decision.delayMs,
            },
          )
        case 'stand':
          if (reply !== undefined) return reply
          throw error
      }
    }
  }

  /** One exchange with the credentials it takes: at most one answer to a challenge, and one second look after a bare 404. */
  async #authorized<T extends Reply | OpenReply>(
    call: Call,
    exchange: (authorization: string | undefined) => Promise<T>,
  ): Promise<T> {
    const { auth, clock } = this.#o
    const since = clock.monotonic()
    const known = auth.current(call.scope)
    let authorization = typeof known === 'object' ? await abortable(known, call.signal) : known
    let reply = await exchange(authorization)
    if (reply.status < 400 || reply.redirected) return reply
    if (reply.status === 404 && authorization === undefined && auth.hasCredential) {
      authorization = (await this.#learn(call)) ?? auth.unasked()
      if (authorization !== undefined) reply = await exchange(authorization)
    }
    if (reply.status === 401) {
      const answer = auth.answer(challenges(reply), call.scope, authorization, since)
      authorization = await abortable(answer, call.signal)
      reply = await exchange(authorization)
      if (reply.status === 401 && !reply.redirected)
        throw auth.refusal(challenges(reply), call.scope, authorization)
    }
    if (reply.status === 404 && !reply.redirected) await this.#confirm(call, reply, authorization)
    return reply
  }

  /** Sends, and follows redirects of GET and HEAD. Authorization goes to the registry's own origin and nowhere else. */
  #follow(call: Call, authorization: string | undefined): Promise<Reply>
  #follow(call: Call, authorization: string | undefined, done: () => void): Promise<Reply | OpenReply>
  async #follow(
    call: Call,
    authorization: string | undefined,
    done?: () => void,
  ): Promise<Reply | OpenReply> {
    let target = call.target
    for (let redirects = 0; ; redirects++) {
      const reply = await this.#hop(call, target, authorization, done)
      if (!REDIRECTS.has(reply.status) || (call.method !== 'GET' && call.method !== 'HEAD')) return reply
      if (redirects === MAX_REDIRECTS) {
        throw new TallymanError(
          'REGISTRY_REDIRECT',
          `${this.#o.registry.host} redirects more than ${MAX_REDIRECTS} times`,
        )
      }
      target = resolveLocation(header(reply.headers, 'location'), reply.url)
    }
  }

  async #hop(
    call: Call,
    target: string | URL,
    authorization: string | undefined,
    done: (() => void) | undefined,
  ): Promise<Reply | OpenReply> {
    const { registry, wire } = this.#o
    const isOwn = typeof target === 'string' || target.origin === registry.origin
    const origin = isOwn ? registry : target
    const path = typeof target === 'string' ? target : `${target.pathname}${target.search}`
    const headers = call.headers === undefined ? [...this.#bare] : [...this.#bare, ...call.headers]
    if (authorization !== undefined && isOwn) headers.push('authorization', authorization)
    const hop: Hop = {
      method: call.method,
      origin,
      path,
      headers,
      body: typeof call.body === 'function' ? call.body() : call.body,
      limit: this.#o.limits[call.kind],
      signal: call.signal,
      beforeSend: call.beforeSend,
      foreign: isOwn ? undefined : { guard: addressGuard(origin, registry, await this.#isPrivate()) },
    }
    if (done === undefined) return new WholeReply(await wire.ask(hop, call.maxBytes), hop, !isOwn)
    return this.#openHop(hop, !isOwn, done)
  }

  async #openHop(hop: Hop, redirected: boolean, done: () => void): Promise<Reply | OpenReply> {
    // The slot goes with the body only where the body goes to the caller; that may be after its last byte has come.
    let isOver = false
    let isHandedOn = false
    const answer = await this.#o.wire.open(hop, () => {
      isOver = true
      if (isHandedOn) done()
    })
    if (answer.status !== 200 && answer.status !== 206) {
      const body = await readAtMost(answer, ERROR_BODY_BYTES)
      return new WholeReply({ status: answer.status, headers: answer.headers, body }, hop, redirected)
    }
    isHandedOn = true
    if (isOver) done()
    return Object.assign(answer, { url: urlOf(hop), redirected })
  }

  /** GET /v2/ without credentials, to be challenged. @returns the header that answers it, where there is one */
  async #learn(call: Call): Promise<string | undefined> {
    const probe = await this.#follow(this.#probe(call), undefined)
    if (probe.status !== 401) return undefined
    return abortable(
      this.#o.auth.answer(challenges(probe), call.scope, undefined, this.#o.clock.monotonic()),
      call.signal,
    )
  }

  /**
   * A 404 that bears no mark of a registry may come from an ingress that lost its route. Absence is believed only where
   * /v2/ answers like a registry.
   */
  async #confirm(call: Call, reply: Reply | OpenReply, authorization: string | undefined): Promise<void> {
    if (isOpen(reply) || isFromRegistry(reply)) return
    const { clock } = this.#o
    if (clock.monotonic() - this.#confirmedAt < CONFIRMED_MS) return
    const probe = await this.#follow(this.#probe(call), authorization)
    const isRegistry =
      (probe.status === 200 && !isWebPage(probe)) || (probe.status === 401 && challenges(probe).length > 0)
    if (!isRegistry) {
      throw new TallymanError(
        'REGISTRY_NOT_A_REGISTRY',
        `${this.#o.registry.host} answers 404 to everything, also to /v2/`,
        {
          details: { status: probe.status },
        },
      )
    }
    this.#confirmedAt = clock.monotonic()
  }

  #probe(call: Call): Call {
    return {
      ...call,
      method: 'GET',
      target: '/v2/',
      headers: undefined,
      body: undefined,
      maxBytes: ERROR_BODY_BYTES,
      kind: 'answer',
      beforeSend: undefined,
      // The request that this is about was answered: its caller must hear of it.
      signal: call.kind === 'destructive' ? undefined : call.signal,
    }
  }

  async #isPrivate(): Promise<boolean> {
    this.#registryIsPrivate ??= await hasPrivateAddress(hostOf(this.#o.registry))
    return this.#registryIsPrivate
  }

  #pauseHost(ms: number, status: number | undefined): void {
    this.#o.limiter.pause(ms)
    this.#o.log?.warn(
      { registry: this.#o.registry.host, status, waitMs: Math.round(ms) },
      'registry asks us to wait',
    )
  }

  #readWarning(reply: Reply | OpenReply): void {
    const warning = header(reply.headers, 'warning')
    if (warning === undefined) return
    this.#warned = true
    this.#o.log?.warn({ registry: this.#o.registry.host, warning: warning.slice(0, 300) }, 'registry warns')
  }
}

const challenges = (reply: { readonly headers: Reply['headers'] }): readonly string[] =>
  headerValues(reply.headers, 'www-authenticate')
