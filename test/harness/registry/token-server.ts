import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parseScope, readTokenQuery, type TokenQuery } from '#test/harness/registry/token-query.ts'
import { createTokenSigner, type TokenAccess } from '#test/harness/registry/token-signer.ts'
import { selfSigned, testAuthority } from '#test/harness/tls.ts'

/** What the server does from now on; every field can be changed while it runs. */
export interface TokenBehaviour {
  /** Seconds that the answer promises; null leaves `expires_in` out. */
  readonly expiresIn: number | null
  /** Seconds that the token is really good for; negative: it has expired when it is issued. */
  readonly validFor: number
  /** The actions given of those asked; `account` is undefined without credentials. A real server may give fewer. */
  readonly grant: (asked: TokenAccess, account: string | undefined) => readonly string[]
  /** Whether GET (distribution's own way) is there; without it GET answers 405, as servers of OAuth 2 alone do. */
  readonly get: boolean
  /** Whether POST (OAuth 2) is there; without it POST answers 404, as older servers do. */
  readonly post: boolean
  readonly field: 'token' | 'access_token'
}

export interface TokenServerOptions extends Partial<TokenBehaviour> {
  readonly username: string
  readonly password: string
  /** By default plain HTTP. */
  readonly tls?: boolean
  /** The address to listen on; by default 127.0.0.1. */
  readonly host?: string
  /** Where tokens are asked for; by default `/token`. */
  readonly path?: string
}

/** One request for a token. Secrets are not kept. */
export interface TokenRequest {
  readonly method: string
  readonly grantType: string | undefined
  readonly service: string | undefined
  readonly scopes: readonly string[]
  readonly account: string | undefined
  readonly granted: readonly TokenAccess[]
  readonly status: number
}

export interface TokenServer {
  /** The realm to put into challenges: `http(s)://127.0.0.1:port/token`, or the path of the options. */
  readonly realm: string
  readonly issuer: string
  readonly service: string
  /** PEM of the certificate whose key signs: the registry's `rootcertbundle`. */
  readonly signingCertPem: string
  /** What a login hands out (OAuth 2 `refresh_token`): good for access tokens of its account. */
  readonly refreshToken: string
  /** The last 10,000 requests, oldest first. */
  readonly requests: readonly TokenRequest[]
  configure(change: Partial<TokenBehaviour>): void
  /** A token for these scopes (`repository:a/b:pull,push`), as if an allowed client had asked. */
  issue(scopes: readonly string[], validFor?: number): string
  stop(): Promise<void>
}

const SERVICE = 'registry.test'
const ISSUER = 'token-server.test'
const KEPT_REQUESTS = 10_000

/**
 * A token server as the distribution project specifies it (docs/spec/auth/token.md and oauth.md): GET with Basic
 * credentials and any number of `scope` parameters, POST with `grant_type=password` or `refresh_token`.
 */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { username, password, tls = false, host = '127.0.0.1', path = '/token', ...behaviour } = options
  const key = await selfSigned(ISSUER)
  const signer = createTokenSigner({ key, issuer: ISSUER, service: SERVICE })
  const refreshToken = `refresh-${signer.keyId}`
  const requests: TokenRequest[] = []
  let now: TokenBehaviour = {
    expiresIn: 300,
    validFor: behaviour.expiresIn ?? 300,
    grant: (asked, account) => (account === undefined ? [] : asked.actions),
    get: true,
    post: true,
    field: 'token',
    ...behaviour,
  }

  const answer = (query: TokenQuery): { status: number; body: unknown } => {
    const account = accountOf(query, { username, password, refreshToken })
    const asked = query.scopes.map(parseScope)
    const granted =
      account === 'refused'
        ? []
        : asked.map((scope) => ({ ...scope, actions: [...now.grant(scope, account)] }))
    const status = statusOf(query, now, account)
    requests.push({
      method: query.method,
      grantType: query.grantType,
      service: query.service,
      scopes: query.scopes,
      account: account === 'refused' ? undefined : account,
      granted,
      status,
    })
    if (requests.length > KEPT_REQUESTS) requests.shift()
    if (status !== 200) return { status, body: { errors: [{ code: 'UNAUTHORIZED' }] } }
    return {
      status,
      body: {
        [now.field]: signer.sign(account ?? '', granted, now.validFor),
        issued_at: new Date().toISOString(),
        ...(now.expiresIn === null ? {} : { expires_in: now.expiresIn }),
        ...(query.offline && account !== undefined ? { refresh_token: refreshToken } : {}),
      },
    }
  }

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    void readTokenQuery(request, path).then(
      (query) => {
        const { status, body } =
          query === undefined ? { status: 404, body: { errors: [{ code: 'NOT_FOUND' }] } } : answer(query)
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      },
      (error: unknown) => response.writeHead(400).end(String(error)),
    )
  }
  const pair = tls ? await (await testAuthority()).issue([host, 'localhost']) : undefined
  const server =
    pair === undefined
      ? createPlainServer(handle)
      : createTlsServer({ cert: pair.certPem, key: pair.keyPem }, handle)
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, () => resolve(portOf(server.address())))
  })
  return {
    realm: `${tls ? 'https' : 'http'}://${host}:${port}${path}`,
    issuer: ISSUER,
    service: SERVICE,
    signingCertPem: key.certPem,
    refreshToken,
    requests,
    configure: (change) => {
      now = { ...now, ...change }
    },
    issue: (scopes, validFor = 300) => signer.sign(username, scopes.map(parseScope), validFor),
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        server.closeAllConnections()
      }),
  }
}

function statusOf(query: TokenQuery, now: TokenBehaviour, account: string | undefined): number {
  if (query.method === 'GET' && !now.get) return 405
  if (query.method === 'POST' && !now.post) return 404
  return account === 'refused' ? 401 : 200
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** Who asks: an account, nobody (undefined), or somebody with a wrong secret. */
function accountOf(
  query: TokenQuery,
  known: { username: string; password: string; refreshToken: string },
): string | 'refused' | undefined {
  if (query.grantType === 'refresh_token') {
    return query.refreshToken === known.refreshToken ? known.username : 'refused'
  }
  if (query.credentials === undefined) return query.method === 'POST' ? 'refused' : undefined
  const { username, password } = query.credentials
  return username === known.username && password === known.password ? username : 'refused'
}
