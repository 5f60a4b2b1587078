import { hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RegistryPool } from '#registry/pool.ts'
import { damage } from '#test/harness/damage.ts'
import {
  artifact,
  type Content,
  containerImage,
  contentOf,
  descriptorOf,
  helmChart,
  multiPlatformImage,
  OCI_MANIFEST,
  type TestImage,
} from '#test/harness/images.ts'
import { LeapingClock } from '#test/harness/leaping-clock.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'
import type { RegistryClient } from './client.ts'

const limits = { concurrency: 8 }
const VERSIONS: readonly RegistryVersion[] = ['2.8', '3']

async function collect(pages: AsyncIterable<readonly string[]>): Promise<string[]> {
  const all: string[] = []
  for await (const page of pages) all.push(...page)
  return all
}

function part(image: TestImage, index: number): Content {
  const found = image.blobs[index]
  if (found === undefined) throw new Error(`the image has no blob ${index}`)
  return found
}

describe.each(VERSIONS)('against a real registry, %s', (version) => {
  let pool: RegistryPool
  let registry: TestRegistry
  let client: RegistryClient
  let storage: StorageWriter

  beforeAll(async () => {
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    registry = await startRegistry({ version })
    client = pool.client({ url: registry.url, limits })
    storage = new StorageWriter(registry.storageDir)
  })

  afterAll(async () => {
    await pool.close()
    await registry.stop()
  })

  test('ping tells the product, and that nobody asked for credentials', async () => {
    const product = version === '3' ? 'distribution-3' : 'distribution-2'
    expect(await client.ping()).toMatchObject({ authenticated: false, product })
  })

  test('S02: ping tells by how much the clock of the registry is ahead of ours', async () => {
    const clock = new LeapingClock()
    const apart = new RegistryPool({ clock, userAgent: 'tallyman-test' })
    const skewed = apart.client({ url: registry.url, limits: { concurrency: 1 } })
    for (const ms of [0, -10 * 60_000, 20 * 60_000]) {
      clock.jump(ms)
      const ahead = systemClock.now() - clock.now()
      const { skewMs = Number.NaN } = await skewed.ping()
      expect(Math.abs(skewMs - ahead)).toBeLessThan(30_000)
    }
    await apart.close()
  })

  test('an image is read by tag and by digest, with its config', async () => {
    const image = containerImage({ seed: 'read' })
    storage.write('team/app', image, '1.0')
    const { digest, bytes } = image.manifest
    const byTag = await client.getManifest('team/app', '1.0')
    expect(byTag).toMatchObject({ kind: 'image', digest, mediaType: OCI_MANIFEST, size: bytes.length })
    expect(Buffer.from(byTag.bytes).equals(bytes)).toBe(true)
    expect(await client.getManifest('team/app', digest)).toEqual(byTag)
    expect(await client.headManifest('team/app', '1.0')).toEqual({
      digest,
      mediaType: OCI_MANIFEST,
      size: bytes.length,
    })
    if (byTag.kind !== 'image') throw new Error('not an image')
    expect(byTag.layers.map((layer) => layer.digest)).toEqual(image.blobs.slice(1).map((blob) => blob.digest))
    expect(await client.getConfig('team/app', byTag.config)).toMatchObject({
      os: 'linux',
      architecture: 'amd64',
      created: '2026-01-15T12:00:00Z',
    })
  })

  test('docker images, indexes, charts and artifacts are told apart', async () => {
    storage.write('kinds', containerImage({ seed: 'docker', family: 'docker' }), 'docker')
    storage.write('kinds', multiPlatformImage({ seed: 'multi' }), 'index')
    storage.write('kinds', helmChart('chart', '1.0.0'), 'chart')
    expect((await client.getManifest('kinds', 'docker')).kind).toBe('image')
    const index = await client.getManifest('kinds', 'index')
    if (index.kind !== 'index') throw new Error('not an index')
    expect(index.manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64'])
    expect(await client.getManifest('kinds', 'chart')).toMatchObject({
      kind: 'image',
      config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' },
    })
  })

  test('what is not there is absent, by tag, digest, blob and repository', async () => {
    storage.write('some', containerImage({ seed: 'some' }), 'here')
    const unknown = `sha256:${'0'.repeat(64)}`
    const calls = [
      client.getManifest('some', 'gone'),
      client.headManifest('some', unknown),
      client.getManifest('never/pushed', 'latest'),
      client.headBlob('some', unknown),
      client.probeBlob('some', { digest: unknown, size: 5 }),
      collect(client.tags('never/pushed')),
      client.getManifest('some', '../../x?y'),
    ]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'REGISTRY_ABSENT' } })
    }
  })

  test('tags and repositories are listed completely over several pages', async () => {
    const image = containerImage({ seed: 'tags' })
    storage.write('many', image)
    const names = Array.from({ length: 1234 }, (_, index) => `t${index}`)
    for (const name of names) storage.tag('many', image.manifest.digest, name)
    await client.ping()
    for (const whole of [false, true]) {
      expect((await collect(client.tags('many', { whole }))).sort()).toEqual(names.sort())
    }
    const repositories = Array.from({ length: 1101 }, (_, index) => `cat/r${index}`)
    for (const name of repositories) storage.write(name, image)
    const listed = await collect(client.repositories())
    expect(listed).toEqual(expect.arrayContaining(repositories))
    expect(new Set(listed).size).toBe(listed.length)
  })

  test('exactly one page of tags is listed once', async () => {
    const image = containerImage({ seed: 'thousand' })
    storage.write('thousand', image)
    const names = Array.from({ length: 1000 }, (_, index) => `t${index}`)
    for (const name of names) storage.tag('thousand', image.manifest.digest, name)
    await client.ping()
    for (const whole of [false, true]) {
      expect((await collect(client.tags('thousand', { whole }))).sort()).toEqual(names.sort())
    }
  })

  test('the path of the URL is a prefix of every repository', async () => {
    storage.write('prefix/team/app', containerImage({ seed: 'prefix' }), '1')
    const below = pool.client({ url: `${registry.url}/prefix/`, limits })
    expect((await below.getManifest('team/app', '1')).kind).toBe('image')
    expect(await collect(below.repositories())).toEqual(['team/app'])
  })

  test('a blob is proved by its last byte, or hashed whole', async () => {
    const image = containerImage({ seed: 'blob', layers: [{ seed: 'big', size: 3_000_000 }] })
    storage.write('blobs', image, '1')
    const layer = descriptorOf(part(image, 1))
    expect(await client.headBlob('blobs', layer.digest)).toEqual({ size: layer.size })
    await client.probeBlob('blobs', layer)
    await client.hashBlob('blobs', layer)
    let read = 0
    for await (const chunk of client.readBlob('blobs', layer)) read += chunk.byteLength
    expect(read).toBe(layer.size)
    const longer = { ...layer, size: layer.size + 1 }
    await expect(client.probeBlob('blobs', longer)).rejects.toMatchObject({ code: 'REGISTRY_SIZE_MISMATCH' })
    const shorter = { ...layer, size: layer.size - 1 }
    await expect(client.probeBlob('blobs', shorter)).rejects.toMatchObject({ code: 'REGISTRY_SIZE_MISMATCH' })
    await expect(client.hashBlob('blobs', shorter)).rejects.toMatchObject({ code: 'REGISTRY_SIZE_MISMATCH' })
  })

  test('an empty blob is proved to be empty', async () => {
    const empty = contentOf(Buffer.alloc(0), 'application/octet-stream')
    await client.uploadBlob('blobs/empty', { digest: empty.digest, size: 0 }, () => empty.bytes)
    await client.probeBlob('blobs/empty', { digest: empty.digest, size: 0 })
    await client.hashBlob('blobs/empty', { digest: empty.digest, size: 0 })
  })

  test.each([
    ['layer-missing', 'REGISTRY_ABSENT'],
    ['layer-zero', 'REGISTRY_SIZE_MISMATCH'],
    ['layer-half', 'REGISTRY_SIZE_MISMATCH'],
    ['layer-link-missing', 'REGISTRY_ABSENT'],
  ] as const)('the last byte finds %s', async (kind, code) => {
    const repository = `damaged/${kind}`
    const image = containerImage({ seed: kind })
    storage.write(repository, image, '1')
    damage(kind, { storageDir: registry.storageDir, repository, reference: '1' })
    const layer = descriptorOf(part(image, 1))
    await expect(client.probeBlob(repository, layer)).rejects.toMatchObject({ code })
    await expect(client.hashBlob(repository, layer)).rejects.toMatchObject({ code })
  })

  test('only the whole content finds wrong bytes of the right length', async () => {
    const image = containerImage({ seed: 'wrong-bytes' })
    storage.write('damaged/bytes', image, '1')
    damage('layer-wrong-bytes', {
      storageDir: registry.storageDir,
      repository: 'damaged/bytes',
      reference: '1',
    })
    const layer = descriptorOf(part(image, 1))
    await client.probeBlob('damaged/bytes', layer)
    await expect(client.hashBlob('damaged/bytes', layer)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    })
  })

  test.each([
    ['manifest-missing', 'REGISTRY_ABSENT'],
    ['manifest-altered', 'REGISTRY_DIGEST_MISMATCH'],
    ['manifest-cut', 'REGISTRY_MANIFEST_INVALID'],
    ['manifest-zero', 'REGISTRY_MANIFEST_INVALID'],
    ['tag-link-missing', 'REGISTRY_ABSENT'],
    // 2.8 gives no reason, so that it could be an outage of its storage as well.
    ['tag-link-garbage', version === '3' ? 'REGISTRY_MANIFEST_INVALID' : 'REGISTRY_SERVER_ERROR'],
  ] as const)('a manifest with %s is told as %s', async (kind, code) => {
    const repository = `damaged/${kind}`
    storage.write(repository, containerImage({ seed: kind }), '1')
    damage(kind, { storageDir: registry.storageDir, repository, reference: '1' })
    await expect(client.getManifest(repository, '1')).rejects.toMatchObject({ code })
  })

  test('an image that we upload is the same image', async () => {
    const image = containerImage({ seed: 'upload', layers: [{ seed: 'upload', size: 1_000_000 }] })
    for (const blob of image.blobs) {
      const chunks = async function* () {
        for (let at = 0; at < blob.bytes.length; at += 10_000) yield blob.bytes.subarray(at, at + 10_000)
      }
      await client.uploadBlob('up/app', descriptorOf(blob), chunks)
    }
    const { digest, bytes, mediaType } = image.manifest
    expect(await client.putManifest('up/app', 'v1', { bytes, mediaType })).toEqual({ digest })
    expect((await client.getManifest('up/app', 'v1')).digest).toBe(digest)
    await client.hashBlob('up/app', descriptorOf(part(image, 1)))
  })

  test('a blob that is there is not sent again', async () => {
    const blob = contentOf(Buffer.from('once'), 'application/octet-stream')
    let reads = 0
    const source = () => {
      reads += 1
      return blob.bytes
    }
    await client.uploadBlob('up/twice', descriptorOf(blob), source)
    await client.uploadBlob('up/twice', descriptorOf(blob), source)
    expect(reads).toBe(1)
  })

  test('content that does not fit its descriptor is not committed', async () => {
    const blob = contentOf(Buffer.from('content'), 'application/octet-stream')
    const put = (size: number, bytes: Buffer, streamed: boolean) =>
      client.uploadBlob('up/bad', { digest: blob.digest, size }, () =>
        streamed
          ? (async function* () {
              yield bytes
            })()
          : bytes,
      )
    await expect(put(8, blob.bytes, false)).rejects.toMatchObject({ code: 'REGISTRY_SIZE_MISMATCH' })
    await expect(put(8, blob.bytes, true)).rejects.toMatchObject({ code: 'REGISTRY_SIZE_MISMATCH' })
    await expect(put(7, Buffer.from('CONTENT'), true)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    })
    await expect(client.headBlob('up/bad', blob.digest)).rejects.toMatchObject({ code: 'REGISTRY_ABSENT' })
  })

  test('a manifest whose blobs are missing names them', async () => {
    const image = containerImage({ seed: 'incomplete' })
    const { bytes, mediaType } = image.manifest
    const error = await client
      .putManifest('up/incomplete', '1', { bytes, mediaType })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'REGISTRY_ABSENT' })
    for (const blob of image.blobs) expect(error.details.missing).toContain(blob.digest)
  })

  test('sha512 content is verified like sha256', async () => {
    const bytes = Buffer.from('content with a long digest')
    const blob = { digest: `sha512:${hash('sha512', bytes, 'hex')}`, size: bytes.length }
    await client.uploadBlob('sha512', blob, () => bytes)
    await client.probeBlob('sha512', blob)
    await client.hashBlob('sha512', blob)
    const altered = { ...blob, digest: blob.digest.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }
    await expect(client.uploadBlob('sha512', altered, () => bytes)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    })
  })

  test('an artifact without layers is read', async () => {
    const thing = artifact({ seed: 'thing', artifactType: 'application/vnd.test' })
    storage.write('artifacts', thing, '1')
    expect(await client.getManifest('artifacts', '1')).toMatchObject({
      kind: 'image',
      digest: thing.manifest.digest,
    })
  })
})

describe('a descriptor cache that lies (2.8)', () => {
  test('HEAD says yes to a missing layer, the last byte says no', async () => {
    const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    const registry = await startRegistry({ version: '2.8', cache: true })
    try {
      const client = pool.client({ url: registry.url, limits })
      const image = containerImage({ seed: 'cached' })
      new StorageWriter(registry.storageDir).write('cached', image, '1')
      const layer = descriptorOf(part(image, 1))
      await client.probeBlob('cached', layer)
      damage('layer-zero', { storageDir: registry.storageDir, repository: 'cached', reference: '1' })
      expect(await client.headBlob('cached', layer.digest)).toEqual({ size: layer.size })
      await expect(client.probeBlob('cached', layer)).rejects.toMatchObject({ kind: 'damaged' })
    } finally {
      await pool.close()
      await registry.stop()
    }
  })
})
