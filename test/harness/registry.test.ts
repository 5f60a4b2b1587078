import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { foreignClient } from '#test/harness/foreign.ts'
import { digestsOf } from '#test/harness/images/samples.ts'
import { ACCEPT_MANIFESTS, containerImage } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import {
  type RegistryOptions,
  type RegistryVersion,
  startRegistry,
  type TestRegistry,
} from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const CREDENTIALS = { username: 'ci', password: 'long enough' }
const IMAGE = containerImage({ seed: 'registry' })
const MANIFEST_PATH = `/v2/a/app/manifests/${IMAGE.manifest.digest}`
const UNKNOWN_PATH = `/v2/a/app/manifests/sha256:${'0'.repeat(64)}`

const started: TestRegistry[] = []

async function registryWithImage(options: RegistryOptions): Promise<TestRegistry> {
  const registry = await startRegistry(options)
  started.push(registry)
  new StorageWriter(registry.storageDir).write('a/app', IMAGE, 'v1')
  return registry
}

afterEach(async () => {
  for (const registry of started.splice(0)) await registry.stop()
})

describe.each<RegistryVersion>(['2.8', '3'])('registry %s', (version) => {
  const bodyType = version === '2.8' ? 'application/json; charset=utf-8' : 'application/json'

  test('answers without login over plain HTTP', async () => {
    const registry = await registryWithImage({ version })
    expect(registry.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await registry.wire.send({ path: '/v2/' })).toMatchObject({
      status: 200,
      headers: { 'content-type': bodyType, 'docker-distribution-api-version': 'registry/2.0' },
    })
  })

  test('speaks TLS with a certificate that only its own CA vouches for', async () => {
    const registry = await registryWithImage({ version, tls: true })
    expect(registry.url).toMatch(/^https:/)
    expect((await registry.wire.send({ path: '/v2/' })).status).toBe(200)
    await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow('fetch failed')
  })

  test('asks for Basic credentials and takes the right ones', async () => {
    const registry = await registryWithImage({ version, auth: { kind: 'basic', ...CREDENTIALS } })
    const bare = await registry.wire.send({ path: '/v2/' })
    expect(bare).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } })
    const wrong = await registry.wire.send({ path: '/v2/', headers: { authorization: 'Basic Y2k6bm8=' } })
    expect(wrong.status).toBe(401)
    expect(await registry.wire.send({ path: '/v2/', headers: registry.authorization() })).toMatchObject({
      status: 200,
    })
  })

  test.each([false, true])('is logged in to by skopeo through its token server, TLS %s', async (tls) => {
    const registry = await registryWithImage({ version, tls, auth: { kind: 'token', ...CREDENTIALS } })
    const bare = await registry.wire.send({ path: MANIFEST_PATH })
    expect(bare.status).toBe(401)
    expect(bare.headers['www-authenticate']).toBe(
      `Bearer realm="${registry.tokenServer?.realm}",service="registry.test",scope="repository:a/app:pull"`,
    )
    const skopeo = await foreignClient('skopeo', registry)
    const pulled = await skopeo.pull(`${registry.host}/a/app:v1`)
    await skopeo.close()
    expect([...pulled]).toEqual(expect.arrayContaining([...digestsOf(IMAGE)]))
    expect(registry.tokenServer?.requests).toContainEqual(
      expect.objectContaining({ account: 'ci', scopes: ['repository:a/app:pull'], status: 200 }),
    )
  })

  test('tells an insufficient token from one that has expired', async () => {
    const registry = await registryWithImage({ version, auth: { kind: 'token', ...CREDENTIALS } })
    const tokens = registry.tokenServer
    const get = (token: string | undefined) =>
      registry.wire.send({ path: MANIFEST_PATH, headers: { authorization: `Bearer ${token}` } })
    const otherScope = await get(tokens?.issue(['repository:b/other:pull']))
    expect(otherScope.status).toBe(401)
    expect(otherScope.headers['www-authenticate']).toContain('error="insufficient_scope"')
    const expired = await get(tokens?.issue(['repository:a/app:pull'], -300))
    expect(expired.status).toBe(401)
    expect(expired.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  test('sends clients to the realm that the test wants', async () => {
    const realm = 'http://127.0.0.1:9/nowhere'
    const registry = await registryWithImage({ version, auth: { kind: 'token', realm, ...CREDENTIALS } })
    const { headers } = await registry.wire.send({ path: '/v2/' })
    expect(headers['www-authenticate']).toContain(`realm="${realm}"`)
  })

  test('deletes by digest where that is on, and keeps everything where it is off', async () => {
    const on = await registryWithImage({ version })
    expect((await on.wire.send({ method: 'DELETE', path: MANIFEST_PATH })).status).toBe(202)
    expect((await on.wire.send({ path: MANIFEST_PATH })).status).toBe(404)
    const off = await registryWithImage({ version, delete: false })
    expect((await off.wire.send({ method: 'DELETE', path: MANIFEST_PATH })).status).toBe(405)
  })

  test('read-only refuses to write and still reads', async () => {
    const registry = await registryWithImage({ version, readOnly: true })
    const refused = await registry.wire.send({ method: 'DELETE', path: UNKNOWN_PATH })
    expect(refused).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect(refused.headers['content-type']).toContain('text/plain')
    const read = await registry.wire.send({ path: MANIFEST_PATH, headers: { accept: ACCEPT_MANIFESTS } })
    expect(read.status).toBe(200)
  })

  test('keeps its address and content over a restart, and refuses connections while it is down', async () => {
    const registry = await registryWithImage({ version })
    await pushImage(registry, 'b/pushed', IMAGE, 'v1')
    await registry.down()
    await expect(registry.wire.send({ path: '/v2/' })).rejects.toThrow('ECONNREFUSED')
    await registry.up()
    await registry.restart()
    expect((await registry.wire.send({ path: '/v2/b/pushed/tags/list' })).body.toString()).toContain('"v1"')
  })
})

test('a registry that cannot start says why', async () => {
  await expect(startRegistry({ version: '2.8', host: '203.0.113.1' })).rejects.toThrow(
    'cannot assign requested address',
  )
})

test('several registries run side by side and log to files of their own', async () => {
  const registries = await Promise.all([
    registryWithImage({ version: '2.8' }),
    registryWithImage({ version: '3' }),
    registryWithImage({ version: '3' }),
  ])
  expect(new Set(registries.map(({ host }) => host)).size).toBe(3)
  expect(new Set(registries.map(({ log }) => log)).size).toBe(3)
  for (const { log } of registries) expect(await readFile(log, 'utf8')).toContain('No HTTP secret')
})
