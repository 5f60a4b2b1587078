import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type RestoreOptions, type RestoreTarget, restoreImage } from '#copy/restore-image.ts'
import { RegistryPool } from '#registry/pool.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const WORKS: RestoreOptions = {
  dry: false,
  signal: new AbortController().signal,
  beforeWrite: () => undefined,
}
const DRY: RestoreOptions = { ...WORKS, dry: true }
/** What re-upload brings back: what is gone, not what is there and wrong (research/registry-protocol.md §0.7). */
const MENDED: readonly DamageKind[] = [
  'tag-gone',
  'manifest-missing',
  'config-missing',
  'layer-missing',
  'layer-link-missing',
  'child-missing',
]
const KEPT: readonly DamageKind[] = ['layer-zero', 'layer-half', 'layer-wrong-bytes']

describe.each(['2.8', '3'] as const)('an image of a registry %s', (version: RegistryVersion) => {
  let registry: TestRegistry
  let mirror: TestRegistry
  let proxy: FaultProxy
  /** Where the requests of a test begin. */
  let since = 0
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  const limits = { concurrency: 8 }

  beforeAll(async () => {
    ;[registry, mirror] = await Promise.all([
      startRegistry({ version, cache: false }),
      startRegistry({ version: '3' }),
    ])
    proxy = await startFaultProxy({ upstream: registry.url })
  })
  beforeEach(() => {
    since = proxy.requests.length
  })
  afterAll(async () => {
    await pool.close()
    await Promise.all([proxy.stop(), registry.stop(), mirror.stop()])
  })

  /** An image that both registries have. */
  function shared(repository: string, image: TestImage): RestoreTarget {
    for (const { storageDir } of [registry, mirror])
      new StorageWriter(storageDir).write(repository, image, 'v1')
    return { repository, tag: 'v1', digest: image.manifest.digest, damaged: new Set() }
  }

  const restore = (target: RestoreTarget, options: RestoreOptions = WORKS) =>
    restoreImage(
      pool.client({ url: mirror.url, limits }),
      pool.client({ url: proxy.url, limits }),
      target,
      options,
    )

  const written = () =>
    proxy.requests.slice(since).filter(({ method }) => method !== 'GET' && method !== 'HEAD')

  function hurt(kind: DamageKind, repository: string, image: TestImage): ReadonlySet<string> {
    const child = image.children[0] ?? image
    const reference = /^(config|layer)-/.test(kind) ? child.manifest.digest : 'v1'
    damage(kind, { storageDir: registry.storageDir, repository, reference })
    return new Set(child.blobs.map(({ digest }) => digest))
  }

  async function pulls(repository: string, image: TestImage): Promise<void> {
    const client = pool.client({ url: registry.url, limits })
    const { digest } = await client.getManifest(repository, 'v1')
    expect(digest).toBe(image.manifest.digest)
    for (const child of image.children.length > 0 ? image.children : [image]) {
      await client.getManifest(repository, child.manifest.digest)
      for (const { digest: blob, bytes } of child.blobs) {
        await client.hashBlob(repository, { digest: blob, size: bytes.length })
      }
    }
  }

  test.each(MENDED)('with %s is whole afterwards, and nothing is written that was there', async (kind) => {
    const image = multiPlatformImage({ seed: kind })
    const target = shared(`mended/${kind}`, image)
    hurt(kind, target.repository, image)
    const planned = await restore(target, DRY)
    const done = await restore(target)
    // A tag whose manifest is back may name it again by itself.
    expect({ ...done, tags: 0 }).toEqual({ ...planned, tags: 0 })
    expect(done.tags).toBeLessThanOrEqual(planned.tags)
    expect(done.blobs + done.manifests + done.tags).toBeGreaterThan(0)
    await pulls(target.repository, image)
    expect(await restore(target)).toEqual({ blobs: 0, manifests: 0, tags: 0, bytes: 0 })
  })

  test.each(KEPT)('with %s is said to be beyond what an upload mends', async (kind) => {
    const image = containerImage({ seed: kind })
    const target = shared(`kept/${kind}`, image)
    const damaged = hurt(kind, target.repository, image)
    await expect(restore({ ...target, damaged })).rejects.toMatchObject({ code: 'RESTORE_IMPOSSIBLE' })
  })

  test('is only looked at where the run is dry', async () => {
    const image = containerImage({ seed: 'dry' })
    const target = shared('dry', image)
    hurt('tag-gone', target.repository, image)
    expect((await restore(target, DRY)).tags).toBe(1)
    expect(written()).toEqual([])
  })

  test('whose tag names something else keeps it', async () => {
    const image = containerImage({ seed: 'was' })
    const target = shared('moved', image)
    const newer = containerImage({ seed: 'is' })
    new StorageWriter(registry.storageDir).write('moved', newer, 'v1')
    expect((await restore(target)).tags).toBe(0)
    const client = pool.client({ url: registry.url, limits })
    expect((await client.headManifest('moved', 'v1')).digest).toBe(newer.manifest.digest)
  })

  test('that the other registry does not have is not touched', async () => {
    const image = containerImage({ seed: 'nowhere' })
    const target = {
      repository: 'nowhere',
      tag: 'v1',
      digest: image.manifest.digest,
      damaged: new Set<string>(),
    }
    await expect(restore(target)).rejects.toMatchObject({ code: 'REGISTRY_ABSENT' })
    expect(written()).toEqual([])
  })

  test('S16: nothing is written once somebody else leads', async () => {
    const image = containerImage({ seed: 'led' })
    const target = shared('led', image)
    hurt('tag-gone', target.repository, image)
    const lost = new TallymanError('LEADERSHIP_LOST', 'the lease is not held')
    const beforeWrite = () => {
      throw lost
    }
    await expect(restore(target, { ...WORKS, beforeWrite })).rejects.toBe(lost)
    expect(written()).toEqual([])
  })

  test('S16: nor where the lease is lost between two requests of one upload', async () => {
    const image = containerImage({ seed: 'lost-between' })
    const target = shared('between', image)
    hurt('layer-missing', target.repository, image)
    const lost = new TallymanError('LEADERSHIP_LOST', 'the lease is not held')
    let asked = 0
    const beforeWrite = () => {
      asked += 1
      if (asked > 1) throw lost
    }
    await expect(restore(target, { ...WORKS, beforeWrite })).rejects.toBe(lost)
    expect(written().map(({ method }) => method)).toEqual(['POST'])
  })

  test('of which the other registry serves other bytes is not written', async () => {
    const image = containerImage({ seed: 'lying' })
    const target = shared('lying', image)
    hurt('layer-missing', target.repository, image)
    damage('layer-wrong-bytes', { storageDir: mirror.storageDir, repository: 'lying', reference: 'v1' })
    await expect(restore(target)).rejects.toMatchObject({ code: 'REGISTRY_DIGEST_MISMATCH' })
    const client = pool.client({ url: registry.url, limits })
    const [layer] = image.blobs.slice(1)
    if (layer === undefined) throw new Error('the image has a layer')
    const gone = client.hashBlob('lying', { digest: layer.digest, size: layer.bytes.length })
    await expect(gone).rejects.toMatchObject({ code: 'REGISTRY_ABSENT' })
  })
})
