import { TallymanError } from '#catalogue/error.ts'
import type { Answer } from '../buffered.ts'
import type { Credential } from '../target.ts'
import type { Realm } from './realm.ts'

/** The token specification: "for compatibility with older clients" no token lives shorter, and none means this. */
const LEAST_LIFE_MS = 60_000
/** Some servers name years. */
const LONGEST_LIFE_MS = 24 * 3_600_000
const REFRESH_AT_SHARE = 0.8
const CLIENT_ID = 'tallyman'

export interface TokenRequest {
  readonly realm: Realm
  readonly service: string | undefined
  /** Normalized. */
  readonly scopes: readonly string[]
}

/** How a token is asked for, as an HTTP request. */
export interface TokenCall {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: string[]
  readonly body: Uint8Array | undefined
}

export interface Token {
  /** The value of the Authorization header. */
  readonly authorization: string
  /** Monotonic times. */
  readonly fetchedAt: number
  readonly refreshAt: number
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

/** GET as the distribution token specification has it: one `scope` each, Basic credentials where there are some. */
export function tokenGet(request: TokenRequest, credential: Credential | undefined): TokenCall {
  const url = new URL(request.realm.url)
  if (request.service !== undefined) url.searchParams.set('service', request.service)
  for (const scope of request.scopes) url.searchParams.append('scope', scope)
  const authorization = credential === undefined ? undefined : basicFor(credential)
  const headers = ['accept', 'application/json']
  if (authorization !== undefined) headers.push('authorization', authorization)
  return { method: 'GET', url, headers, body: undefined }
}

/** POST as OAuth2 (docker "oauth2 token authentication") for an identity token: the scopes in one field. */
export function tokenPost(request: TokenRequest, identityToken: string): TokenCall {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: CLIENT_ID,
    refresh_token: identityToken,
    scope: request.scopes.join(' '),
    service: request.service ?? '',
  })
  return {
    method: 'POST',
    url: new URL(request.realm.url),
    headers: ['accept', 'application/json', 'content-type', 'application/x-www-form-urlencoded'],
    body: Buffer.from(form.toString(), 'utf8'),
  }
}

function basicFor(credential: Credential): string | undefined {
  switch (credential.kind) {
    case 'basic':
      return basicAuthorization(credential.username, credential.password)
    case 'identityToken':
      return basicAuthorization(credential.username ?? '<token>', credential.token)
    case 'registryToken':
      return undefined
  }
}

/**
 * The token in a 200 answer of a token server.
 * @param wall wall-clock time, to compare with `issued_at`: caches hand out tokens that are not new
 * @param now monotonic time
 * @throws REGISTRY_UNAUTHORIZED where there is none
 */
export function readToken(answer: Answer, host: string, wall: number, now: number): Token {
  const fields = parse(answer.body)
  const text = [fields.token, fields.access_token].find((each) => typeof each === 'string' && each !== '')
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) {
    throw new TallymanError('REGISTRY_UNAUTHORIZED', `The token server ${host} answered 200 without a token`)
  }
  const seconds = fields.expires_in
  const named = typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : 0
  const life = Math.min(LONGEST_LIFE_MS, Math.max(LEAST_LIFE_MS, named))
  const issuedAt = typeof fields.issued_at === 'string' ? Date.parse(fields.issued_at) : Number.NaN
  const age = wall - issuedAt
  const rest = age > 0 && age < life ? life - age : life
  return { authorization: `Bearer ${text}`, fetchedAt: now, refreshAt: now + rest * REFRESH_AT_SHARE }
}

function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return {}
    throw error
  }
}
