import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, evictionOf, startEvictionSite, type TestHands } from '#test/harness/eviction.ts'
import { digestsOf } from '#test/harness/images/samples.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import { journalState } from './journal-state.ts'
import { restore } from './restore.ts'
import { sweep } from './sweep.ts'
import { untag } from './untag.ts'

describe.each(['2.8', '3'] as const)('what went from %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  const digest = (image: TestImage) => image.manifest.digest

  /** A repository that has lost its tag `old` with all that is below it. */
  async function evicted(repository: string, old: TestImage): Promise<TestHands> {
    const kept = containerImage({ seed: `${repository}/kept` })
    site.storage.write(repository, old, 'old')
    site.storage.write(repository, kept, 'kept')
    const eviction = evictionOf(repository, { old, kept }, ['old'])
    const hands = site.hands(repository)
    await untag(hands.hands, eviction, version === '3' ? 'Native' : 'Placeholder')
    await sweep(hands.hands, eviction)
    expect(await site.has(repository, digest(old))).toBe(false)
    return hands
  }

  test('comes back with its tag, and pulls', async () => {
    const old = multiPlatformImage({ seed: 'restored', attestations: true })
    const { hands } = await evicted('restored', old)
    expect(await restore(hands, { tag: 'old', digest: digest(old) })).toBe('Restored')
    expect(await site.tags('restored')).toMatchObject({ old: digest(old) })
    const arrived = await site.pull('restored:old')
    for (const each of digestsOf(old)) expect(arrived).toContain(each)
  })

  test('is known to the journal until it is back', async () => {
    const old = containerImage({ seed: 'known' })
    const { hands } = await evicted('known', old)
    const removed = async () => (await journalState(hands.journal)).removed
    expect(await removed()).toEqual({ tags: [{ tag: 'old', digest: digest(old) }], digests: [digest(old)] })
    await restore(hands, { tag: 'old', digest: digest(old) })
    expect(await removed()).toEqual({ tags: [], digests: [] })
  })

  test('a tag that names something else by now keeps that', async () => {
    const old = containerImage({ seed: 'taken' })
    const { hands } = await evicted('taken', old)
    const newer = containerImage({ seed: 'taken/newer' })
    site.storage.write('taken', newer, 'old')
    expect(await restore(hands, { tag: 'old', digest: digest(old) })).toBe('Taken')
    expect(await site.tags('taken')).toMatchObject({ old: digest(newer) })
    expect(await restore(hands, { digest: digest(old) })).toBe('Restored')
    expect(await site.has('taken', digest(old))).toBe(true)
  })

  test.each(['layer-missing', 'layer-half', 'config-missing', 'child-missing'] as const)(
    'does not come back with %s: nothing is written, and it says what is gone',
    async (kind) => {
      const old = multiPlatformImage({ seed: kind })
      const repository = `gone/${kind}`
      site.storage.write(repository, old, 'old')
      const [first] = old.children
      if (first === undefined) throw new Error('an index has children')
      const eviction = evictionOf(repository, { old }, ['old'])
      const { hands } = site.hands(repository)
      await untag(hands, eviction, version === '3' ? 'Native' : 'Placeholder')
      // The child itself is not swept: it was gone before.
      await sweep(hands, { ...eviction, digests: [digest(old)] })
      const reference = kind === 'child-missing' ? digest(old) : digest(first)
      if (kind === 'child-missing') site.storage.write(repository, old)
      damage(kind, { storageDir: site.registry.storageDir, repository, reference })
      const back = restore(hands, { tag: 'old', digest: digest(old) })
      await expect(back).rejects.toMatchObject({ code: 'RESTORE_CONTENT_GONE' })
      expect(await site.tags(repository)).toEqual({})
    },
  )
})
