import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { ForbiddenAddressError } from '../addresses.ts'
import type { Answer } from '../buffered.ts'
import type { TimeLimit } from '../exchange.ts'
import { RetryBudget } from '../retry.ts'
import { retryAfterMs } from '../retry-after.ts'
import type { Credential } from '../target.ts'
import type { Wire } from '../wire.ts'
import { readToken, type Token, type TokenCall, type TokenRequest, tokenCalls } from './token.ts'

const MAX_TOKEN_BYTES = 1024 * 1024

/** Fetches tokens, over the connections of the client that needs them. */
export class TokenServer {
  readonly #wire: Wire
  readonly #clock: Clock
  readonly #credential: Credential | undefined
  readonly #limit: TimeLimit
  readonly #throttleMs: number
  readonly #userAgent: string

  constructor(options: {
    wire: Wire
    clock: Clock
    credential: Credential | undefined
    limit: TimeLimit
    throttleMs: number
    userAgent: string
  }) {
    this.#wire = options.wire
    this.#clock = options.clock
    this.#credential = options.credential
    this.#limit = options.limit
    this.#throttleMs = options.throttleMs
    this.#userAgent = options.userAgent
  }

  /**
   * A new token, by the first way of asking that the server knows.
   * @throws REGISTRY_UNAUTHORIZED REGISTRY_FORBIDDEN REGISTRY_REALM_UNTRUSTED REGISTRY_THROTTLED, and what a connection throws
   */
  async fetch(request: TokenRequest): Promise<Token> {
    const { host } = request.realm.url
    let refusal: TallymanError | undefined
    for (const call of tokenCalls(request, this.#credential)) {
      const answer = await this.#ask(call, request)
      if (answer.status === 200) return readToken(answer, host, this.#clock.now(), this.#clock.monotonic())
      refusal = this.#refusal(answer.status, host, request)
      if (answer.status !== 404 && answer.status !== 405) break
    }
    throw refusal ?? new TallymanError('INTERNAL', 'no way to ask for a token')
  }

  async #ask(call: TokenCall, request: TokenRequest): Promise<Answer> {
    const budget = new RetryBudget('transient', this.#throttleMs)
    for (;;) {
      let failure: TallymanError | undefined
      let answer: Answer | undefined
      try {
        answer = await this.#wire.ask(
          {
            method: call.method,
            origin: call.url,
            path: `${call.url.pathname}${call.url.search}`,
            headers: ['user-agent', this.#userAgent, ...call.headers],
            body: call.body,
            limit: this.#limit,
            foreign: { guard: request.realm.guard },
          },
          MAX_TOKEN_BYTES,
        )
      } catch (error) {
        failure = asRealmError(error, call.url)
      }
      const decision = budget.decide(
        answer === undefined
          ? { kind: 'error', error: failure ?? new TallymanError('INTERNAL', 'neither answer nor error') }
          : {
              kind: 'status',
              status: answer.status,
              retryAfterMs: retryAfterMs(answer.headers, this.#clock.now()),
            },
      )
      if (decision.action === 'retry' || decision.action === 'pause')
        await this.#clock.sleep(decision.delayMs)
      else if (decision.action === 'give-up') {
        throw new TallymanError(
          'REGISTRY_THROTTLED',
          `The token server ${call.url.host} asks us to wait too long`,
          {
            retryAfterMs: decision.delayMs,
          },
        )
      } else if (answer !== undefined) return answer
      else throw failure
    }
  }

  #refusal(status: number, host: string, request: TokenRequest): TallymanError {
    const details = { status, host, scope: request.scopes.join(' ') }
    if (status >= 300 && status < 400) {
      return new TallymanError(
        'REGISTRY_REALM_UNTRUSTED',
        `The token server ${host} leads elsewhere (${status})`,
        { details },
      )
    }
    if (status >= 500)
      return new TallymanError('REGISTRY_SERVER_ERROR', `The token server ${host} answered ${status}`, {
        details,
      })
    if (status === 403 && this.#credential !== undefined) {
      return new TallymanError(
        'REGISTRY_FORBIDDEN',
        `The token server ${host} answered 403 for ${details.scope}`,
        { details },
      )
    }
    const who =
      this.#credential === undefined ? 'asks for credentials, and none are set' : 'refuses the credentials'
    return new TallymanError('REGISTRY_UNAUTHORIZED', `The token server ${host} ${who} (${status})`, {
      details,
    })
  }
}

function asRealmError(error: unknown, url: URL): TallymanError {
  if (!(error instanceof TallymanError)) return new TallymanError('INTERNAL', String(error), { cause: error })
  if (!(error.cause instanceof ForbiddenAddressError)) return error
  return new TallymanError(
    'REGISTRY_REALM_UNTRUSTED',
    `The token server ${url.host}: ${error.cause.message}`,
    { cause: error },
  )
}
