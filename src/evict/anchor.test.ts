import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { anchorTag } from '#retention/anchor-tag.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import { anchor } from './anchor.ts'

describe.each(['2.8', '3'] as const)('S14: an anchor in a registry of %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  const digest = ({ manifest }: TestImage) => manifest.digest

  function access(repository: string, fence: () => void = () => undefined) {
    const { client } = site
    return { repository, pull: client, push: client, fence, signal: new AbortController().signal }
  }

  test('is a tag for the digest of an image or an index that has none', async () => {
    const [image, index] = [containerImage({ seed: 'a' }), multiPlatformImage({ seed: 'b' })]
    for (const each of [image, index]) site.storage.write('app', each)
    site.storage.write('app', containerImage({ seed: 'c' }), 'latest')
    const digests = [digest(image), digest(index)]
    expect([...(await anchor(access('app'), digests)).entries()].sort()).toEqual(
      digests.map((each) => [each, 'anchored']).sort(),
    )
    const tags = await site.tags('app')
    for (const each of digests) expect(tags[anchorTag(each)]).toBe(each)
    expect(Object.keys(tags)).toHaveLength(3)
  })

  test('that is there is not written again', async () => {
    const image = containerImage({ seed: 'twice' })
    site.storage.write('twice', image, anchorTag(digest(image)))
    const writes = access('twice', () => {
      throw new Error('it writes')
    })
    expect(await anchor(writes, [digest(image)])).toEqual(new Map([[digest(image), 'anchored']]))
  })

  test('is never written over a tag that names something else', async () => {
    const [image, other] = [containerImage({ seed: 'x' }), containerImage({ seed: 'y' })]
    site.storage.write('taken', image)
    site.storage.write('taken', other, anchorTag(digest(image)))
    expect(await anchor(access('taken'), [digest(image)])).toEqual(new Map([[digest(image), 'taken']]))
    expect(await site.tags('taken')).toEqual({ [anchorTag(digest(image))]: digest(other) })
  })

  test('is none where the manifest is gone', async () => {
    const image = containerImage({ seed: 'gone' })
    site.storage.write('gone', containerImage({ seed: 'kept' }), 'latest')
    expect(await anchor(access('gone'), [digest(image)])).toEqual(new Map([[digest(image), 'gone']]))
  })

  test('is not written without the lease', async () => {
    const image = containerImage({ seed: 'fenced' })
    site.storage.write('fenced', image)
    const lost = new TallymanError('LEADERSHIP_LOST', 'another leads')
    const fence = () => {
      throw lost
    }
    await expect(anchor(access('fenced', fence), [digest(image)])).rejects.toBe(lost)
    await expect(site.tags('fenced')).rejects.toMatchObject({ code: 'REGISTRY_ABSENT' })
  })
})
