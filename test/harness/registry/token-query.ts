import type { IncomingMessage } from 'node:http'
import type { TokenAccess } from '#test/harness/registry/token-signer.ts'

const MAX_FORM_BYTES = 65_536

/** A request for a token, whichever way it came. */
export interface TokenQuery {
  readonly method: string
  readonly service: string | undefined
  readonly scopes: readonly string[]
  readonly grantType: string | undefined
  readonly offline: boolean
  readonly credentials: { readonly username: string; readonly password: string } | undefined
  readonly refreshToken: string | undefined
}

/**
 * Reads GET (distribution, docs/spec/auth/token.md) and POST (oauth.md).
 * @returns undefined for anything that is not the token endpoint at `path`
 */
export async function readTokenQuery(
  request: IncomingMessage,
  path: string,
): Promise<TokenQuery | undefined> {
  const url = new URL(request.url ?? '/', 'http://token-server')
  const method = request.method ?? 'GET'
  if (url.pathname !== path || (method !== 'GET' && method !== 'POST')) return undefined
  const form = method === 'POST' ? new URLSearchParams(await readForm(request)) : url.searchParams
  const get = (name: string) => form.get(name) ?? undefined
  const username = get('username')
  const isForm = method === 'POST'
  return {
    method,
    service: get('service'),
    // OAuth 2 puts all scopes into one parameter with blanks between them.
    scopes: form.getAll('scope').flatMap((scope) => scope.split(' ').filter((part) => part !== '')),
    grantType: get('grant_type'),
    offline: get('offline_token') === 'true' || get('access_type') === 'offline',
    credentials:
      isForm && username !== undefined
        ? { username, password: get('password') ?? '' }
        : basicCredentials(request.headers.authorization),
    refreshToken: isForm ? get('refresh_token') : undefined,
  }
}

async function readForm(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_FORM_BYTES) throw new Error('form too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function basicCredentials(header: string | undefined): TokenQuery['credentials'] {
  const [scheme, value] = (header ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'basic' || value === undefined) return undefined
  const text = Buffer.from(value, 'base64').toString()
  const colon = text.indexOf(':')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** `type:name:actions`; the name may itself hold colons. */
export function parseScope(scope: string): TokenAccess {
  const first = scope.indexOf(':')
  const last = scope.lastIndexOf(':')
  return {
    type: scope.slice(0, first),
    name: scope.slice(first + 1, last),
    actions: scope
      .slice(last + 1)
      .split(',')
      .filter((action) => action !== ''),
  }
}
