import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import { missingContent } from './missing-content.ts'
import { sweep } from './sweep.ts'
import { copyToTrash } from './trash.ts'
import { trashBelow } from './trash-place.ts'
import { untag } from './untag.ts'

let site: EvictionSite

beforeAll(async () => {
  site = await startEvictionSite('3')
})
afterAll(async () => {
  await site?.stop()
})

/** What is missing of an image that went, and was damaged as `kind` says before. */
async function missingOf(
  repository: string,
  image: TestImage,
  { kind, isTrashed = false }: { readonly kind?: DamageKind; readonly isTrashed?: boolean } = {},
) {
  const { digest } = image.manifest
  site.storage.write(repository, image, 'old')
  const { hands } = site.hands(repository)
  if (isTrashed) await copyToTrash(hands, trashBelow('tallyman'), [digest])
  const { storageDir } = site.registry
  if (kind !== undefined) damage(kind, { storageDir, repository, reference: 'old' })
  const eviction = evictionOf(repository, { old: image }, ['old'])
  await untag(hands, eviction, 'Native')
  await sweep(hands, eviction)
  expect(await site.has(repository, digest)).toBe(false)
  const before = site.proxy.requests.length
  const { journal, signal } = hands
  const missing = await missingContent({ client: site.client, repository, journal, signal }, digest)
  const writes = site.proxy.requests.slice(before).filter(({ method }) => !['GET', 'HEAD'].includes(method))
  expect(writes).toEqual([])
  return missing
}

test('nothing is missing of an index of which the registry has collected nothing', async () => {
  expect(await missingOf('whole', multiPlatformImage({ seed: 'whole' }))).toBeUndefined()
})

test('a layer that is in no repository is missing', async () => {
  const error = await missingOf('gone', containerImage({ seed: 'gone' }), { kind: 'layer-missing' })
  expect(error?.message).toMatch(/^blob gone sha256:/)
})

test('a layer that only the trash has is not missing', async () => {
  const image = containerImage({ seed: 'trashed' })
  expect(await missingOf('trashed', image, { kind: 'layer-link-missing', isTrashed: true })).toBeUndefined()
  const without = containerImage({ seed: 'without' })
  expect(await missingOf('without', without, { kind: 'layer-link-missing' })).toBeDefined()
})
