import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { beginCollection, collectGarbage, writePadding } from '#test/harness/garbage-collection.ts'
import { digestsOf } from '#test/harness/images/samples.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import type { Eviction } from './eviction.ts'
import type { Hands } from './hands.ts'
import { restore } from './restore.ts'
import { sweep } from './sweep.ts'
import { copyToTrash, provenInTrash } from './trash.ts'
import { trashTag } from './trash-place.ts'
import { untag } from './untag.ts'

const digest = (image: TestImage) => image.manifest.digest
/** A garbage collection goes by the alphabet: it looks at the trash before it looks at the source. */
const PLACE = { prefix: 'a/trash' }
const SOURCE = 'z/app'
const COPY = `a/trash/${SOURCE}/1`

describe.each(['2.8', '3'] as const)('S18: the garbage collection of %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  /** An index and an image that are in the trash, and still in the source. */
  async function trashed(name: string) {
    const index = multiPlatformImage({ seed: name, attestations: true })
    const plain = containerImage({ seed: `${name}/plain` })
    const kept = containerImage({ seed: `${name}/kept` })
    const tags = { [`${name}-index`]: index, [`${name}-plain`]: plain, [`${name}-kept`]: kept }
    for (const [tag, image] of Object.entries(tags)) site.storage.write(SOURCE, image, tag)
    const going = [`${name}-index`, `${name}-plain`]
    const eviction = evictionOf(SOURCE, tags, going)
    const { hands } = site.hands(SOURCE)
    const outcomes = await copyToTrash(hands, PLACE, eviction.digests)
    expect(new Set(outcomes.values())).toEqual(new Set(['trashed']))
    return { hands, eviction, index, plain }
  }

  async function go(hands: Hands, eviction: Eviction): Promise<void> {
    await untag(hands, eviction, version === '3' ? 'Native' : 'Placeholder')
    await sweep(hands, eviction)
  }

  /** What restore brings back pulls with a client that others wrote, to the last byte. */
  async function comesBack(hands: Hands, { bindings }: Eviction, ...images: TestImage[]): Promise<void> {
    for (const binding of bindings) {
      expect(await restore(hands, binding)).toBe('Restored')
      const image = images.find((each) => digest(each) === binding.digest)
      if (image === undefined) throw new Error('it is one of these')
      const arrived = await site.pull(`${SOURCE}:${binding.tag}`)
      for (const each of digestsOf(image)) expect(arrived).toContain(each)
    }
  }

  test('takes nothing of a copy between the copying and the going of the source, nor after that', async () => {
    const { hands, eviction, index, plain } = await trashed('twice')
    await collectGarbage(site.registry)
    expect(await provenInTrash(hands, PLACE, eviction.digests, Date.now() + 1)).toEqual(
      new Set(eviction.digests),
    )
    await go(hands, eviction)
    await collectGarbage(site.registry)
    await comesBack(hands, eviction, index, plain)
  })

  test('leaves the platforms of an index in the trash, even with -m: each has its own tag', async () => {
    const { hands, eviction, index, plain } = await trashed('children')
    await go(hands, eviction)
    await collectGarbage(site.registry, { untagged: true })
    for (const child of index.children) expect(await site.has(COPY, digest(child))).toBe(true)
    await comesBack(hands, eviction, index, plain)
  })

  test('takes what no copy was made of: that is what the copies are for', async () => {
    const lost = containerImage({ seed: 'lost' })
    site.storage.write(SOURCE, lost, 'lost')
    const { hands } = site.hands(SOURCE)
    const eviction = evictionOf(SOURCE, { lost }, ['lost'])
    await go(hands, eviction)
    await collectGarbage(site.registry)
    const back = restore(hands, { tag: 'lost', digest: digest(lost) })
    await expect(back).rejects.toMatchObject({ code: 'RESTORE_CONTENT_GONE' })
  })

  test('that began before the copy may take it once the source has gone; the copy is not believed any more, and made again', async () => {
    writePadding(site.storage, 'm')
    const early = await beginCollection(site.registry, (said) => said.includes('m/padding'))
    const { hands, eviction, plain } = await trashed('early')
    const copiedAt = Date.now()
    // Who does not wait for as long as a collection takes lets the source go now.
    expect(await provenInTrash(hands, PLACE, eviction.digests, copiedAt - 3_600_000)).toEqual(new Set())
    await go(hands, eviction)
    const said = await early.finish()
    expect(said.indexOf(`${SOURCE}: marking`)).toBeGreaterThan(said.indexOf('m/padding'))
    expect(said).not.toContain(`marking manifest ${digest(plain)}`)
    expect(await provenInTrash(hands, PLACE, eviction.digests, copiedAt + 60_000)).toEqual(new Set())
    await expect(restore(hands, { digest: digest(plain) })).rejects.toMatchObject({
      code: 'RESTORE_CONTENT_GONE',
    })
    site.storage.write(SOURCE, plain)
    expect(await copyToTrash(hands, PLACE, [digest(plain)])).toEqual(new Map([[digest(plain), 'trashed']]))
    expect(await site.pull(`${COPY}:${trashTag(digest(plain))}`)).toContain(digest(plain))
  })
})
