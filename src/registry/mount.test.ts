import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type FaultProxy, registryError, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'
import type { RegistryClient } from './client.ts'
import { digestOf } from './digest.ts'
import { RegistryPool } from './pool.ts'

const account = { username: 'mounter', password: 'secret' }

describe.each(['2.8', '3'] as const)('mounting a blob, %s', (version) => {
  let registry: TestRegistry
  let proxy: FaultProxy
  let pool: RegistryPool
  let client: RegistryClient

  beforeAll(async () => {
    registry = await startRegistry({ version, auth: { kind: 'token', ...account } })
    proxy = await startFaultProxy({ upstream: registry.url })
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    const trustedRealms = [new URL(registry.tokenServer?.realm ?? '').origin]
    const credential = { kind: 'basic', ...account } as const
    // With a path: every repository lies below it, also that which a blob is mounted from.
    client = pool.client({ url: `${proxy.url}/team`, credential, trustedRealms, limits: { concurrency: 8 } })
  })
  afterEach(() => {
    proxy.clear()
    registry.tokenServer?.configure({ grant: (asked) => asked.actions })
  })
  afterAll(async () => {
    await pool.close()
    await proxy.stop()
    await registry.stop()
  })

  /** Uploads a blob that `from` has, and looks at what arrived. @returns how often its bytes were sent */
  async function bring(from: string, to: string): Promise<number> {
    const image = containerImage({ seed: `${version}/${from}` })
    new StorageWriter(registry.storageDir).write(`team/${from}`, image)
    const [blob] = image.blobs
    if (blob === undefined) throw new Error('an image has blobs')
    const descriptor = { digest: blob.digest, size: blob.bytes.length }
    const sent = proxy.counter({ method: 'PUT' })
    await client.uploadBlob(to, descriptor, () => blob.bytes, { mountFrom: from })
    await client.hashBlob(to, descriptor)
    return sent.count
  }

  test('takes one request with the rights for both repositories', async () => {
    expect(await bring('one', 'one/copy')).toBe(0)
  })

  test('an account that may not pull the source sends the bytes', async () => {
    registry.tokenServer?.configure({
      grant: ({ name, actions }) => (name === 'team/two' ? [] : actions),
    })
    expect(await bring('two', 'two/copy')).toBe(1)
  })

  test.each([401, 403, 405])('a registry that answers %d is sent the bytes', async (status) => {
    proxy.rule(registryError(status, 'UNSUPPORTED', 'no'), { method: 'POST', query: /mount=/ })
    expect(await bring(`s${status}`, `s${status}/copy`)).toBe(1)
  })

  test('where the source does not have it the bytes are sent', async () => {
    const bytes = Buffer.from(`${version} nowhere`)
    const descriptor = { digest: digestOf(bytes), size: bytes.length }
    await client.uploadBlob('three/copy', descriptor, () => bytes, { mountFrom: 'three' })
    await client.hashBlob('three/copy', descriptor)
  })
})
