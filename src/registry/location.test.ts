import { describe, expect, test } from 'vitest'
import { guardedLookup, hasPrivateAddress, isPrivateAddress } from './addresses.ts'
import { acceptRealm } from './auth/realm.ts'
import { normalizeScopes } from './auth/scope.ts'
import { readToken } from './auth/token.ts'
import { safeUrl } from './errors.ts'
import { addressGuard, resolveLocation } from './location.ts'
import { checkReference, checkRepository } from './names.ts'
import { uploadTarget } from './uploads.ts'

const from = (url: string) => new URL(url)

describe('Location', () => {
  test.each([
    ['https://r.test:5000/v2/a', '/v2/b?x=1', 'https://r.test:5000/v2/b?x=1'],
    ['https://r.test:5000/v2/a', 'https://s3.test/b?sig=1', 'https://s3.test/b?sig=1'],
    ['http://r.test/v2/a', 'https://s3.test/b', 'https://s3.test/b'],
    // A registry behind a proxy that does not tell it of TLS.
    ['https://r.test/v2/a', 'http://r.test/v2/b?_state=x', 'https://r.test/v2/b?_state=x'],
    ['https://r.test:8443/v2/a', 'http://r.test:5000/v2/b', 'https://r.test:8443/v2/b'],
    ['https://r.test/v2/a', 'https://user:pw@s3.test/b#frag', 'https://s3.test/b'],
  ])('%s -> %s', (base, location, expected) => {
    expect(resolveLocation(location, from(base)).href).toBe(expected)
  })

  test.each([undefined, 'http://other.test/b', 'ftp://r.test/x', 'file:///etc/passwd', 'https://'])(
    '%s is refused',
    (location) => {
      expect(() => resolveLocation(location, from('https://r.test/v2/a'))).toThrow(
        expect.objectContaining({ code: 'REGISTRY_REDIRECT' }),
      )
    },
  )

  test('an upload gets its digest behind what the server wrote, byte for byte', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const target = (location: string) =>
      uploadTarget({ headers: { location }, url: from('http://r.test/v2/a/blobs/uploads/') }, digest).href
    expect(target('/v2/a/blobs/uploads/1?_state=a%2Fb+c%3D%3D')).toBe(
      `http://r.test/v2/a/blobs/uploads/1?_state=a%2Fb+c%3D%3D&digest=sha256%3A${'a'.repeat(64)}`,
    )
    expect(target('http://r.test/u/1')).toBe(`http://r.test/u/1?digest=sha256%3A${'a'.repeat(64)}`)
  })
})

describe('addresses that a registry names', () => {
  const guard = (target: string, registry: string, isPrivate: boolean) =>
    addressGuard(from(target), from(registry), isPrivate)
  test.each([
    ['http://10.0.0.5/x', 'https://registry.example.com'],
    ['http://169.254.169.254/x', 'http://10.0.0.1'],
    ['http://[fe80::1]/x', 'http://10.0.0.1'],
    ['http://[::1]/x', 'https://registry.example.com'],
    ['http://[::ffff:10.0.0.1]/x', 'https://registry.example.com'],
    ['http://0x7f.1/x', 'https://registry.example.com'],
    ['http://2130706433/x', 'https://registry.example.com'],
  ])('%s is refused to %s', (target, registry) => {
    expect(() => guard(target, registry, isPrivateAddress(from(registry).hostname))).toThrow(
      expect.objectContaining({ code: 'REGISTRY_REDIRECT' }),
    )
  })

  test('storage beside a private registry passes, names are judged by their address', () => {
    expect(guard('http://10.0.0.5/x', 'http://10.0.0.1', true)?.('10.0.0.5')).toBe(false)
    expect(guard('http://10.0.0.1:9000/x', 'http://10.0.0.1', true)).toBeUndefined()
    expect(guard('https://s3.test/x', 'https://r.test', false)?.('127.0.0.1')).toBe(true)
    expect(guard('https://s3.test/x', 'https://r.test', false)?.('52.0.0.1')).toBe(false)
  })

  test('a name that leads to a refused address fails at the connection', async () => {
    const outcome = await new Promise((resolve) => {
      guardedLookup(isPrivateAddress)('localhost', { all: true }, (error) => resolve(error))
    })
    expect(outcome).toMatchObject({ name: 'ForbiddenAddressError' })
    expect(await hasPrivateAddress('localhost')).toBe(true)
    expect(await hasPrivateAddress('8.8.8.8')).toBe(false)
  })
})

describe('token servers', () => {
  const accept = (realm: string, registry: string, trusted: string[] = []) =>
    acceptRealm(realm, from(registry), trusted)
  test.each([
    ['http://auth.test/token', 'https://r.test'],
    ['https://10.0.0.5/token', 'https://r.test'],
    ['https://169.254.169.254/token', 'http://r.test'],
    ['ftp://r.test/token', 'https://r.test'],
    ['/token', 'https://r.test'],
  ])('%s is not trusted by %s', (realm, registry) => {
    expect(() => accept(realm, registry)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_REALM_UNTRUSTED' }),
    )
  })

  test('the own host, public ones with TLS and those the user trusts are', () => {
    expect(accept('https://r.test:5001/token', 'https://r.test').guard).toBeUndefined()
    expect(accept('http://10.0.0.1:5001/token', 'http://10.0.0.1:5000').guard).toBeUndefined()
    expect(accept('https://auth.test/token', 'https://r.test').guard?.('10.0.0.1')).toBe(true)
    expect(accept('http://10.0.0.5/token?a=b', 'https://r.test', ['http://10.0.0.5']).url.href).toBe(
      'http://10.0.0.5/token?a=b',
    )
  })

  test('a scope has one spelling', () => {
    expect(normalizeScopes(' repository:b:push,pull  repository:a:pull repository:b:pull,push,pull')).toEqual(
      ['repository:a:pull', 'repository:b:pull,push'],
    )
  })

  test('a token lives as long as the server says, at least a minute, at most a day', () => {
    const token = (fields: object) =>
      readToken(
        { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ token: 't', ...fields })) },
        'a',
        Date.parse('2026-01-01T00:01:40Z'),
        1_000,
      )
    expect(token({}).refreshAt).toBe(1_000 + 48_000)
    expect(token({ expires_in: 300 }).refreshAt).toBe(1_000 + 240_000)
    expect(token({ expires_in: 1 }).refreshAt).toBe(1_000 + 48_000)
    expect(token({ expires_in: 1e9 }).refreshAt).toBe(1_000 + 0.8 * 86_400_000)
    expect(token({ expires_in: 300, issued_at: '2026-01-01T00:00:00Z' }).refreshAt).toBe(1_000 + 160_000)
    expect(token({ expires_in: 300, issued_at: '2027-01-01T00:00:00Z' }).refreshAt).toBe(1_000 + 240_000)
    expect(() => token({ token: 'a\r\nb' })).toThrow(
      expect.objectContaining({ code: 'REGISTRY_UNAUTHORIZED' }),
    )
  })
})

test('a URL in a message has no user, query or fragment', () => {
  expect(safeUrl('https://u:p@r.test:5000/v2/a?sig=secret#x')).toBe('https://r.test:5000/v2/a')
})

test.each(['a', 'a/b-c/d__e.f', 'library/nginx', 'a---b'])('%s is a repository', (name) => {
  checkRepository(name)
})

test.each(['', '/a', 'a/', 'a//b', '../a', 'a/..', 'a?b', 'a b', 'a%2f', '-a', 'a'.repeat(256)])(
  '%j is no repository',
  (name) => {
    expect(() => checkRepository(name)).toThrow(expect.objectContaining({ code: 'REGISTRY_ABSENT' }))
  },
)

test.each(['', '.a', 'a/b', 'a:b', 'sha256:abc', `md5:${'0'.repeat(32)}`, 'a'.repeat(129)])(
  '%j is no tag and no digest',
  (name) => {
    expect(() => checkReference(name)).toThrow(expect.objectContaining({ code: 'REGISTRY_ABSENT' }))
  },
)
