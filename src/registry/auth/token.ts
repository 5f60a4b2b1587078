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

type BasicLogin = Extract<Credential, { kind: 'basic' }>
type IdentityLogin = Extract<Credential, { kind: 'identityToken' }>

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
function tokenGet(request: TokenRequest, credential: Credential | undefined): TokenCall {
  const url = new URL(request.realm.url)
  if (request.service !== undefined) url.searchParams.set('service', request.service)
  for (const scope of request.scopes) url.searchParams.append('scope', scope)
  const authorization = credential === undefined ? undefined : basicFor(credential)
  const headers = ['accept', 'application/json']
  if (authorization !== undefined) headers.push('authorization', authorization)
  return { method: 'GET', url, headers, body: undefined }
}

/**
 * POST as OAuth2 (distribution, docs/spec/auth/oauth.md), the scopes in one field: `refresh_token` for an identity token,
 * `password` for user and password.
 */
function tokenPost(request: TokenRequest, credential: BasicLogin | IdentityLogin): TokenCall {
  const form = new URLSearchParams({ ...grantOf(credential), client_id: CLIENT_ID })
  if (request.service !== undefined) form.set('service', request.service)
  if (request.scopes.length > 0) form.set('scope', request.scopes.join(' '))
  return {
    method: 'POST',
    url: new URL(request.realm.url),
    headers: ['accept', 'application/json', 'content-type', 'application/x-www-form-urlencoded'],
    body: Buffer.from(form.toString(), 'utf8'),
  }
}

/**
 * The ways to ask for one token, best first: the next one is for a server that answers 404 or 405, because it does not
 * have the endpoint. User and password go by GET, which every server has but those of OAuth2 alone; an identity token by
 * POST, which is what it is made for.
 */
export function tokenCalls(request: TokenRequest, credential: Credential | undefined): TokenCall[] {
  const get = tokenGet(request, credential)
  if (credential === undefined || credential.kind === 'registryToken') return [get]
  const post = tokenPost(request, credential)
  return credential.kind === 'basic' ? [get, post] : [post, get]
}

function grantOf(credential: BasicLogin | IdentityLogin): Record<string, string> {
  if (credential.kind === 'identityToken') {
    return { grant_type: 'refresh_token', refresh_token: credential.token }
  }
  return { grant_type: 'password', username: credential.username, password: credential.password }
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
