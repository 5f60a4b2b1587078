import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ForeignClient,
  ForeignClientError,
  type ForeignName,
  foreignClient,
} from '#test/harness/foreign.ts'
import { digestsOf } from '#test/harness/images/samples.ts'
import { multiPlatformImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const IMAGE = multiPlatformImage({ seed: 'foreign' })
const CREDENTIALS = { username: 'reader', password: 'correct horse' }

describe.each<ForeignName>(['skopeo', 'regctl', 'crane'])('%s', (name) => {
  let secured: TestRegistry
  let plain: TestRegistry
  let client: ForeignClient

  beforeAll(async () => {
    secured = await startRegistry({ version: '2.8', tls: true, auth: { kind: 'basic', ...CREDENTIALS } })
    plain = await startRegistry({ version: '3' })
    client = await foreignClient(name, secured, plain)
    new StorageWriter(secured.storageDir).write('a/app', IMAGE, 'v1', 'v2')
  })
  afterAll(async () => {
    await client.close()
    await plain.stop()
    await secured.stop()
  })

  test('reads manifests and tags over TLS with credentials', async () => {
    expect(await client.manifest(`${secured.host}/a/app:v1`)).toEqual(IMAGE.manifest.bytes)
    expect(new Set(await client.tags(`${secured.host}/a/app`))).toEqual(new Set(['v1', 'v2']))
  })

  test('pulls every platform', async () => {
    const pulled = await client.pull(`${secured.host}/a/app:v1`)
    expect([...pulled]).toEqual(expect.arrayContaining([...digestsOf(IMAGE)]))
  })

  test('copies to another registry under the same digest', async () => {
    await client.copy(`${secured.host}/a/app:v1`, `${plain.host}/b/copied:v1`)
    expect(await client.manifest(`${plain.host}/b/copied:v1`)).toEqual(IMAGE.manifest.bytes)
  })

  test('is refused with a wrong password, and says so', async () => {
    const stranger = await foreignClient(name, {
      ...secured,
      credentials: { ...CREDENTIALS, password: 'wrong' },
    })
    await expect(stranger.manifest(`${secured.host}/a/app:v1`)).rejects.toThrow(ForeignClientError)
    await stranger.close()
  })
})
