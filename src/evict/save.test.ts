import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { copied, copyOf } from './save.ts'

const IMAGE = containerImage({ seed: 'saved' })
const { digest } = IMAGE.manifest
let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
})
afterEach(() => site.proxy.clear())
afterAll(() => site.stop())

test('a manifest is copied as it is, and one that is not there is gone', async () => {
  site.storage.write('whole', IMAGE)
  const { hands } = site.hands('whole')
  const { mediaType, bytes } = IMAGE.manifest
  expect(await copyOf(hands, digest)).toMatchObject({ kind: 'manifest', digest, mediaType })
  const copy = await copyOf(hands, digest)
  expect(typeof copy === 'object' && Buffer.from(copy.bytes).equals(bytes)).toBe(true)
  expect(await copyOf(hands, `sha256:${'0'.repeat(64)}`)).toBe('gone')
})

test('S18: what is there and not whole is not taken for gone', async () => {
  site.storage.write('damaged', IMAGE)
  const { storageDir } = site.registry
  const repair = damage('manifest-altered', { storageDir, repository: 'damaged', reference: digest })
  expect(await copyOf(site.hands('damaged').hands, digest)).toBe('unreadable')
  repair()
})

test('S15: what a registry that is away says of a manifest is nothing', async () => {
  site.storage.write('away', IMAGE)
  site.proxy.rule({ kind: 'status', status: 403 }, { path: /\/away\/manifests/ })
  await expect(copyOf(site.hands('away').hands, digest)).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
})

test.each([
  [32, [32, 32, 6]],
  [50, [50, 20]],
  [70, [70]],
])('S15: copies come in batches of at most %i, each with those of its own items', async (most, expected) => {
  site.storage.write('many', IMAGE)
  const batches: (readonly number[])[] = []
  const items = Array.from({ length: 70 }, (_, n) => n)
  for await (const batch of copied(site.hands('many').hands, items, most, () => digest)) {
    expect(batch.copies.get(digest)).toMatchObject({ kind: 'manifest', digest })
    batches.push(batch.items)
  }
  expect(batches.map(({ length }) => length)).toEqual(expected)
  expect(batches.flat()).toEqual(items)
})
