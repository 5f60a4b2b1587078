import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import type { Credential } from '../target.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { acceptRealm, type Realm } from './realm.ts'
import { normalizeScopes } from './scope.ts'
import { basicAuthorization, type Token, type TokenRequest } from './token.ts'

/** Tokens kept: more than a registry has repositories, and far less than a hostile one could make us hold. */
const MAX_TOKENS = 10_000

type Mode =
  /** No challenge seen: requests go out bare. */
  | { readonly kind: 'bare' }
  | { readonly kind: 'fixed'; readonly authorization: string }
  | { readonly kind: 'bearer'; readonly realm: Realm; readonly service: string | undefined }

/**
 * Speaks for one credential to one registry: learns from the first challenge how the registry wants to be asked, keeps
 * tokens per scope until 80 % of their life, and fetches each only once at a time. Whoever is refused with a fresh token
 * is refused for good.
 */
export class Authenticator {
  readonly #registry: URL
  readonly #credential: Credential | undefined
  readonly #trustedRealms: readonly string[]
  readonly #clock: Clock
  readonly #fetch: (request: TokenRequest) => Promise<Token>
  /** By the scope that we ask for; a challenge may have named another, so several may share one request. */
  readonly #tokens = new Map<string, Token>()
  readonly #scopes = new Map<string, readonly string[]>()
  readonly #fetching = new Map<string, Promise<Token>>()
  #mode: Mode

  constructor(options: {
    registry: URL
    credential: Credential | undefined
    trustedRealms: readonly string[]
    clock: Clock
    fetch: (request: TokenRequest) => Promise<Token>
  }) {
    this.#registry = options.registry
    this.#credential = options.credential
    this.#trustedRealms = options.trustedRealms
    this.#clock = options.clock
    this.#fetch = options.fetch
    this.#mode =
      options.credential?.kind === 'registryToken'
        ? { kind: 'fixed', authorization: `Bearer ${options.credential.token}` }
        : { kind: 'bare' }
  }

  get hasCredential(): boolean {
    return this.#credential !== undefined
  }

  /** Whether requests go out with our credentials, or with a token that was got with them. */
  get isUsed(): boolean {
    return this.#credential !== undefined && this.#mode.kind !== 'bare'
  }

  /** The Authorization header for a request that needs `scope`, at once where it is known; undefined: none is known to be needed. */
  current(scope: string): string | undefined | Promise<string> {
    const mode = this.#mode
    if (mode.kind === 'bare') return undefined
    if (mode.kind === 'fixed') return mode.authorization
    const token = this.#tokens.get(scope)
    if (token !== undefined && this.#clock.monotonic() < token.refreshAt) return token.authorization
    return this.#renew(scope, mode).then(({ authorization }) => authorization)
  }

  /**
   * The header to answer a 401 with.
   * @param sent the header that was refused
   * @param since monotonic time at which the request began: a token fetched after it is fresh, and its refusal final
   * @throws REGISTRY_UNAUTHORIZED REGISTRY_FORBIDDEN REGISTRY_REALM_UNTRUSTED, and what the token server throws
   */
  async answer(
    challengeHeaders: readonly string[],
    scope: string,
    sent: string | undefined,
    since: number,
  ): Promise<string> {
    const challenges = parseChallenges(challengeHeaders)
    if (this.#credential?.kind === 'registryToken') throw this.refusal(challengeHeaders, scope, sent)
    const bearer = challenges.find((each) => each.scheme === 'bearer' && each.parameters.has('realm'))
    const basic = this.#basic(challenges)
    if (bearer !== undefined) {
      let realm: Realm | undefined
      try {
        realm = acceptRealm(bearer.parameters.get('realm') ?? '', this.#registry, this.#trustedRealms)
      } catch (error) {
        // The registry offers Basic besides: the credentials stay with it, and the token server does not matter.
        if (basic === undefined) throw error
      }
      if (realm !== undefined) return this.#answerBearer(bearer, realm, challengeHeaders, scope, sent, since)
    }
    if (basic === undefined || basic === sent) throw this.refusal(challengeHeaders, scope, sent)
    this.#mode = { kind: 'fixed', authorization: basic }
    return basic
  }

  /** The header for a second look after a bare 404: some registries hide what anonymous requests may not see. */
  unasked(): string | undefined {
    return this.#credential?.kind === 'basic'
      ? basicAuthorization(this.#credential.username, this.#credential.password)
      : undefined
  }

  /** The error of a 401 that is final. */
  refusal(challengeHeaders: readonly string[], scope: string, sent: string | undefined): TallymanError {
    const challenges = parseChallenges(challengeHeaders)
    const details = { registry: this.#registry.host, scope: scope || undefined }
    const { host } = this.#registry
    if (this.#credential === undefined) {
      return new TallymanError('REGISTRY_UNAUTHORIZED', `${host} asks for credentials, and none are set`, {
        details,
      })
    }
    const error = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters.get('error')
    const byToken = sent?.startsWith('Bearer ') === true && this.#credential.kind !== 'registryToken'
    if (byToken && error !== 'invalid_token') {
      return new TallymanError(
        'REGISTRY_FORBIDDEN',
        `${host} accepts the credentials, but not for ${scope || 'this'}`,
        { details },
      )
    }
    const schemes = challenges.map(({ scheme }) => scheme).join(', ') || 'nothing we know'
    const why =
      sent === undefined ? `asks for ${schemes}, which the credentials do not fit` : 'refuses the credentials'
    return new TallymanError('REGISTRY_UNAUTHORIZED', `${host} ${why}`, { details })
  }

  async #answerBearer(
    challenge: Challenge,
    realm: Realm,
    challengeHeaders: readonly string[],
    scope: string,
    sent: string | undefined,
    since: number,
  ): Promise<string> {
    const mode = { kind: 'bearer', realm, service: challenge.parameters.get('service') } as const
    this.#mode = mode
    const wanted = normalizeScopes(challenge.parameters.get('scope') ?? scope)
    const sameScope = wanted.join(' ') === this.#scopesFor(scope).join(' ')
    const token = this.#tokens.get(scope)
    const isCurrent = token !== undefined && token.authorization === sent
    if (isCurrent && sameScope && token.fetchedAt >= since) throw this.refusal(challengeHeaders, scope, sent)
    // Somebody else may have renewed it while our request was under way.
    if (token !== undefined && !isCurrent && sameScope && token.fetchedAt >= since) return token.authorization
    if (isCurrent || !sameScope) this.#tokens.delete(scope)
    if (!sameScope) remember(this.#scopes, scope, wanted)
    return (await this.#renew(scope, mode)).authorization
  }

  #scopesFor(scope: string): readonly string[] {
    return this.#scopes.get(scope) ?? normalizeScopes(scope)
  }

  #renew(
    scope: string,
    mode: { readonly realm: Realm; readonly service: string | undefined },
  ): Promise<Token> {
    const scopes = this.#scopesFor(scope)
    const key = [mode.realm.url.href, mode.service ?? '', ...scopes].join(' ')
    const underWay = this.#fetching.get(key)
    if (underWay !== undefined) return underWay
    const fetching = this.#fetch({ realm: mode.realm, service: mode.service, scopes })
      .then((token) => {
        remember(this.#tokens, scope, token)
        return token
      })
      .finally(() => this.#fetching.delete(key))
    this.#fetching.set(key, fetching)
    return fetching
  }

  #basic(challenges: readonly Challenge[]): string | undefined {
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined
    if (this.#credential?.kind === 'basic')
      return basicAuthorization(this.#credential.username, this.#credential.password)
    if (this.#credential?.kind === 'identityToken' && this.#credential.username !== undefined) {
      return basicAuthorization(this.#credential.username, this.#credential.token)
    }
    return undefined
  }
}

/** Sets as the newest entry, and drops the oldest above the bound. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= MAX_TOKENS) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
