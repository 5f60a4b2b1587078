import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Credential, RegistryTarget } from '#registry/client.ts'
import { credentialFromBasicAuth, credentialFromDockerConfig } from '#registry/docker-config.ts'
import { RegistryPool } from '#registry/pool.ts'
import { startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { basicAuthorization } from '#test/harness/registry/basic-authorization.ts'
import type { TokenServer } from '#test/harness/registry/token-server.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const account = { username: 'anna', password: 'se:cret' }
const right: Credential = { kind: 'basic', ...account }
const wrong: Credential = { kind: 'basic', username: 'anna', password: 'other' }

let pool: RegistryPool

beforeEach(() => {
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
})

afterEach(() => pool.close())

function client(registry: TestRegistry, credential?: Credential, more?: Partial<RegistryTarget>) {
  return pool.client({ url: registry.url, credential, limits: { concurrency: 32 }, ...more })
}

describe.each(['2.8', '3'] as const)('basic authentication, %s', (version) => {
  let registry: TestRegistry

  beforeAll(async () => {
    registry = await startRegistry({ version, auth: { kind: 'basic', ...account } })
    new StorageWriter(registry.storageDir).write('app', containerImage({ seed: 'app' }), '1')
  })

  afterAll(() => registry.stop())

  test('the right password reads, and ping says that it counted', async () => {
    expect(await client(registry, right).ping()).toMatchObject({ authenticated: true })
    expect((await client(registry, right).getManifest('app', '1')).kind).toBe('image')
  })

  test.each([
    ['a wrong password', wrong, /refuses the credentials/],
    ['no credentials', undefined, /none are set/],
    ['a token where a password is asked for', { kind: 'identityToken', token: 'x' }, /do not fit/],
  ] as const)('%s is unauthorized, and the message says why', async (_, credential, message) => {
    const failure = { code: 'REGISTRY_UNAUTHORIZED', message: expect.stringMatching(message) }
    await expect(client(registry, credential).ping()).rejects.toMatchObject(failure)
    await expect(client(registry, credential).getManifest('app', '1')).rejects.toMatchObject(failure)
  })
})

describe.each(['2.8', '3'] as const)('token authentication, %s', (version) => {
  let registry: TestRegistry
  let tokens: TokenServer

  beforeEach(async () => {
    registry = await startRegistry({ version, auth: { kind: 'token', ...account } })
    if (registry.tokenServer === undefined) throw new Error('no token server')
    tokens = registry.tokenServer
    const storage = new StorageWriter(registry.storageDir)
    for (const name of ['one', 'two']) storage.write(name, containerImage({ seed: name }), '1', '2')
  })

  afterEach(() => registry.stop())

  test('one token for each scope serves all requests, however many start at once', async () => {
    const reader = client(registry, right)
    await Promise.all(Array.from({ length: 40 }, (_, i) => reader.getManifest(i % 2 ? 'one' : 'two', '1')))
    expect(tokens.requests.map(({ scopes }) => scopes.join()).sort()).toEqual([
      'repository:one:pull',
      'repository:two:pull',
    ])
    expect(await reader.ping()).toMatchObject({ authenticated: true })
  })

  test('a challenge is paid once: the next repository brings its token along', async () => {
    const observed: string[] = []
    const watching = new RegistryPool({
      clock: systemClock,
      userAgent: 'tallyman-test',
      observer: {
        finished: ({ host, status }) =>
          observed.push(`${host === registry.host ? 'registry' : 'tokens'} ${status}`),
      },
    })
    const reader = watching.client({ url: registry.url, credential: right, limits: { concurrency: 1 } })
    await reader.getManifest('one', '1')
    await reader.getManifest('two', '1')
    await reader.getManifest('two', '2')
    await watching.close()
    expect(observed).toEqual([
      ...['registry 401', 'tokens 200', 'registry 200'],
      ...['tokens 200', 'registry 200'],
      'registry 200',
    ])
  })

  test('uploading asks for the right to push', async () => {
    const image = containerImage({ seed: 'pushed' })
    const writer = client(registry, right)
    for (const { digest, bytes } of image.blobs) {
      await writer.uploadBlob('three', { digest, size: bytes.length }, () => bytes)
    }
    const { bytes, mediaType, digest } = image.manifest
    expect(await writer.putManifest('three', '1', { bytes, mediaType })).toEqual({ digest })
    const scopes = new Set(tokens.requests.flatMap((request) => request.scopes))
    expect([...scopes]).toEqual(['repository:three:pull,push'])
  })

  test('a wrong password is unauthorized; fewer rights than asked for are forbidden', async () => {
    await expect(client(registry, wrong).getManifest('one', '1')).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    })
    tokens.configure({ grant: () => [] })
    await expect(client(registry, right).getManifest('one', '1')).rejects.toMatchObject({
      code: 'REGISTRY_FORBIDDEN',
    })
    await expect(client(registry).getManifest('one', '1')).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    })
  })

  test('rights that are granted later are seen at the next request', async () => {
    const reader = client(registry, right)
    tokens.configure({ grant: () => [] })
    await expect(reader.getManifest('one', '1')).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
    tokens.configure({ grant: (asked) => asked.actions })
    expect((await reader.getManifest('one', '1')).kind).toBe('image')
  })

  test('a token that has expired meanwhile is replaced; one that is born expired is refused for good', async () => {
    const reader = client(registry, right)
    tokens.configure({ validFor: -3600 })
    await expect(reader.getManifest('one', '1')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' })
    const before = tokens.requests.length
    tokens.configure({ validFor: 300 })
    expect((await reader.getManifest('one', '1')).kind).toBe('image')
    expect(tokens.requests.length).toBe(before + 1)
  })

  test.each([true, false])('an identity token is exchanged (POST offered: %s)', async (post) => {
    const answer = await fetch(`${tokens.realm}?offline_token=true&service=registry.test`, {
      headers: { authorization: basicAuthorization(account.username, account.password) },
    })
    const { refresh_token: token } = z.object({ refresh_token: z.string() }).parse(await answer.json())
    tokens.configure({ post, field: 'access_token', expiresIn: null })
    const reader = client(registry, { kind: 'identityToken', token })
    if (post) expect((await reader.getManifest('one', '1')).kind).toBe('image')
    else await expect(reader.getManifest('one', '1')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' })
    expect(tokens.requests.slice(1).map(({ method }) => method)).toEqual(post ? ['POST'] : ['POST', 'GET'])
  })

  test('user and password go by POST where the server has no GET', async () => {
    tokens.configure({ get: false, field: 'access_token' })
    expect((await client(registry, right).getManifest('one', '1')).kind).toBe('image')
    expect(tokens.requests.map(({ method, grantType }) => [method, grantType])).toEqual([
      ['GET', undefined],
      ['POST', 'password'],
    ])
    await expect(client(registry, wrong).getManifest('one', '1')).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    })
  })

  test('a registry token goes as it is', async () => {
    const token = tokens.issue(['repository:one:pull'])
    const reader = client(registry, { kind: 'registryToken', token })
    expect((await reader.getManifest('one', '1')).kind).toBe('image')
    expect(tokens.requests).toEqual([])
    await expect(reader.getManifest('two', '1')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' })
  })
})

describe('what the logins of clouds hand out', () => {
  const NOBODY = '00000000-0000-0000-0000-000000000000'

  async function cloud(path: string, login: { username: string; password: string }): Promise<TestRegistry> {
    const registry = await startRegistry({ version: '2.8', auth: { kind: 'token', ...login, path } })
    new StorageWriter(registry.storageDir).write('app', containerImage({ seed: 'app' }), '1')
    return registry
  }

  test('ACR: a refresh token, as az acr login writes it, is exchanged for an access token of each scope', async () => {
    const registry = await cloud('/oauth2/token', account)
    try {
      const tokens = registry.tokenServer
      tokens?.configure({ get: false, field: 'access_token', expiresIn: null })
      const entry = {
        auth: Buffer.from(`${NOBODY}:`).toString('base64'),
        identitytoken: tokens?.refreshToken,
      }
      const config = JSON.stringify({ auths: { [registry.host]: entry } })
      const reader = client(registry, credentialFromDockerConfig(config, registry.host))
      expect(await reader.ping()).toMatchObject({ authenticated: true })
      expect((await reader.getManifest('app', '1')).kind).toBe('image')
      expect(tokens?.requests).toMatchObject([
        { method: 'POST', grantType: 'refresh_token', service: 'registry.test', scopes: [] },
        { method: 'POST', grantType: 'refresh_token', scopes: ['repository:app:pull'] },
      ])
    } finally {
      await registry.stop()
    }
  })

  test.each([
    ['ACR: a refresh token as the password of nobody', '/oauth2/token', NOBODY],
    ['Google: an access token as the password of oauth2accesstoken', '/v2/token', 'oauth2accesstoken'],
  ])('%s', async (_, path, username) => {
    const registry = await cloud(path, { username, password: 'ya29.token' })
    try {
      const reader = client(registry, credentialFromBasicAuth(username, 'ya29.token'))
      expect((await reader.getManifest('app', '1')).kind).toBe('image')
    } finally {
      await registry.stop()
    }
  })

  test('ECR: a password of the user AWS, by Basic', async () => {
    const login = { username: 'AWS', password: 'x'.repeat(70) }
    const registry = await startRegistry({ version: '2.8', auth: { kind: 'basic', ...login } })
    try {
      new StorageWriter(registry.storageDir).write('app', containerImage({ seed: 'app' }), '1')
      const reader = client(registry, credentialFromBasicAuth(login.username, login.password))
      expect((await reader.getManifest('app', '1')).kind).toBe('image')
    } finally {
      await registry.stop()
    }
  })
})

describe('token servers that credentials are not sent to', () => {
  test('one on another private host gets them only when it is trusted', async () => {
    const registry = await startRegistry({
      version: '2.8',
      host: '127.0.0.2',
      auth: { kind: 'token', ...account },
    })
    const proxy = await startFaultProxy({ upstream: registry.url })
    try {
      new StorageWriter(registry.storageDir).write('app', containerImage({ seed: 'app' }), '1')
      const target = { url: proxy.url, credential: right, limits: { concurrency: 1 } }
      await expect(pool.client(target).getManifest('app', '1')).rejects.toMatchObject({
        code: 'REGISTRY_REALM_UNTRUSTED',
      })
      expect(registry.tokenServer?.requests).toEqual([])
      const origin = new URL(registry.tokenServer?.realm ?? '').origin
      const trusting = pool.client({ ...target, trustedRealms: [origin] })
      expect((await trusting.getManifest('app', '1')).kind).toBe('image')
    } finally {
      await proxy.stop()
      await registry.stop()
    }
  })

  test('a name that resolves to a private address is no way around', async () => {
    const registry = await startRegistry({
      version: '2.8',
      auth: { kind: 'token', ...account, realm: 'http://localhost:9/token' },
    })
    try {
      await expect(client(registry, right).ping()).rejects.toMatchObject({ code: 'REGISTRY_REALM_UNTRUSTED' })
    } finally {
      await registry.stop()
    }
  })
})
