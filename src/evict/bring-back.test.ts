import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RegistryPool } from '#registry/pool.ts'
import { damage } from '#test/harness/damage.ts'
import { evictTags, shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import { digestsOf } from '#test/harness/images/samples.ts'
import { containerImage, multiPlatformImage, referrer, type TestImage } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'
import { type BroughtBack, bringBack, type RestoreSite } from './bring-back.ts'
import { withWhatRefersToThem } from './chosen-back.ts'
import { type Evicted, historyOfRepository, historyOfRun, stillEvicted } from './evicted.ts'
import { journalRepository } from './journal-artifact.ts'
import { journaledRepositories, journaledRuns, journalOf } from './journal-shelf.ts'
import { InVain } from './other-runs.ts'
import { RestorationRecords } from './restorations.ts'
import { sweep } from './sweep.ts'
import { copyToTrash } from './trash.ts'
import { untag } from './untag.ts'

const RUN = 'web-20261126t053000-1f2e'

describe.each(['2.8', '3'] as const)('what runs took from %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterAll(() => site.stop())

  const digest = (image: TestImage) => image.manifest.digest
  const gone = async (repository: string, run?: string) =>
    stillEvicted(await historyOfRepository(shelfOf(site), repository, run, {}))
  const named = (things: readonly Evicted[]) => things.map((each) => each.tag ?? each.digest).sort()

  async function back(
    things: readonly Evicted[],
    more: Partial<RestoreSite> = {},
  ): Promise<readonly BroughtBack[]> {
    const results: BroughtBack[] = []
    const place: RestoreSite = {
      ...{ pull: site.client, push: site.client, shelf: shelfOf(site) },
      ...{ records: new RestorationRecords(), inVain: new InVain() },
      ...{ fence: () => undefined, clock: systemClock, signal: new AbortController().signal },
      ...more,
    }
    for await (const each of bringBack(place, things)) results.push(each)
    return results
  }

  test('S04: comes back before what else is asked of a registry that is busy', async () => {
    const [old, kept] = ['old', 'kept'].map((tag) => containerImage({ seed: `busy/${tag}` })) as [
      TestImage,
      TestImage,
    ]
    const repository = 'shop/busy'
    await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
    const things = (await gone(repository)).filter(({ tag }) => tag === 'old')
    const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    const busy = pool.client({ url: site.proxy.url, limits: { concurrency: 1 } })
    let done = 0
    const others = Array.from({ length: 300 }, async () => {
      await busy.headManifest(repository, 'kept', { lane: 'bulk' })
      done += 1
    })
    const results = await back(things, {
      pull: busy,
      push: busy,
      shelf: { client: busy, prefix: 'tallyman' },
    })
    expect(results).toMatchObject([{ outcome: 'Restored' }])
    expect(done).toBeLessThan(others.length / 2)
    await Promise.all(others)
    await pool.close()
  })

  test('is known from the workspace, and comes back whole, with all that was below it', async () => {
    const old = multiPlatformImage({ seed: 'whole', attestations: true })
    const plain = containerImage({ seed: 'plain' })
    const kept = containerImage({ seed: 'kept' })
    await evictTags(site, {
      ...{ run: RUN, repository: 'shop/whole', tags: { old, plain, kept }, doomed: ['old', 'plain'] },
    })
    const things = await gone('shop/whole')
    const digests = [old, ...old.children, plain].map(digest)
    expect(named(things)).toEqual([...digests, 'old', 'plain'].sort())
    expect(things.find(({ tag }) => tag === 'plain')).toMatchObject({
      ...{ run: RUN, repository: 'shop/whole', digest: digest(plain), config: plain.blobs[0]?.digest },
    })
    expect(things.filter(({ isPart }) => isPart !== true).map(({ tag }) => tag)).toEqual(['old', 'plain'])

    const results = await back(things)
    expect(results.filter(({ thing }) => thing.tag !== undefined).map(({ outcome }) => outcome)).toEqual([
      'Restored',
      'Restored',
    ])
    expect(results.map(({ outcome }) => outcome)).not.toContain('Failed')
    const arrived = await site.pull('shop/whole:old')
    for (const each of digestsOf(old)) expect(arrived).toContain(each)
    expect(await site.pull('shop/whole:plain')).toContain(digest(plain))
    expect(await gone('shop/whole')).toEqual([])
  })

  test('is there as what it named last, where a tag went in several runs; one run alone can be asked for', async () => {
    const first = containerImage({ seed: 'first' })
    const second = containerImage({ seed: 'second' })
    const kept = containerImage({ seed: 'kept' })
    const earlier = 'web-20261125t053000-0a0b'
    const common = { repository: 'shop/twice', doomed: ['v1'] }
    await evictTags(site, { ...common, run: earlier, tags: { v1: first, kept } })
    await evictTags(site, { ...common, run: RUN, tags: { v1: second, kept } })
    expect(await journaledRuns(shelfOf(site), 'shop/twice', {})).toEqual([RUN, earlier])
    const tagged = (await gone('shop/twice')).filter(({ tag }) => tag !== undefined)
    expect(tagged).toMatchObject([{ tag: 'v1', digest: digest(second), run: RUN }])
    expect(await gone('shop/twice', earlier)).toMatchObject([
      { digest: digest(first), tag: undefined },
      { digest: digest(first), tag: 'v1' },
    ])
    await back(await gone('shop/twice', earlier))
    expect(await site.tags('shop/twice')).toMatchObject({ v1: digest(first) })
    // What was brought back by one run is not taken for gone by another.
    expect(named(await gone('shop/twice'))).toEqual([digest(second)])
  })

  test('comes back with what refers to it', async () => {
    const image = containerImage({ seed: 'signed' })
    const signature = referrer(image, { seed: 'signature' })
    const kept = containerImage({ seed: 'kept' })
    site.storage.write('shop/signed', signature)
    await evictTags(site, {
      ...{
        run: RUN,
        repository: 'shop/signed',
        tags: { v1: image, kept },
        doomed: ['v1'],
        more: [signature],
      },
    })
    const things = await gone('shop/signed')
    const chosen = withWhatRefersToThem(
      things.filter(({ tag }) => tag === 'v1'),
      things,
    )
    expect(named(chosen)).toEqual([digest(signature), 'v1'].sort())
    await back(chosen)
    expect(await site.has('shop/signed', digest(signature))).toBe(true)
  })

  test('that is there already is said to be, and what the tag names by now stays', async () => {
    const there = containerImage({ seed: 'there' })
    const taken = containerImage({ seed: 'taken' })
    const newer = containerImage({ seed: 'newer' })
    await evictTags(site, {
      run: RUN,
      repository: 'shop/there',
      tags: { there, taken, kept: containerImage({ seed: 'kept' }) },
      doomed: ['there', 'taken'],
    })
    site.storage.write('shop/there', there, 'there')
    site.storage.write('shop/there', newer, 'taken')
    const things = (await gone('shop/there')).filter(({ tag }) => tag !== undefined)
    const results = await back(things)
    expect(Object.fromEntries(results.map(({ thing, outcome }) => [thing.tag, outcome]))).toEqual({
      there: 'Present',
      taken: 'Taken',
    })
    expect(await site.tags('shop/there')).toMatchObject({ taken: digest(newer) })
  })

  test('S04: keeps what somebody pushes by its name while it is brought back', async () => {
    const [old, newer, kept] = ['old', 'newer', 'kept'].map((seed) =>
      containerImage({ seed: `moved/${seed}` }),
    ) as [TestImage, TestImage, TestImage]
    const repository = 'shop/moved'
    await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
    const things = (await gone(repository)).filter(({ tag }) => tag === 'old')
    const held = site.proxy.hold({ method: 'PUT', path: new RegExp(`/${repository}/manifests/sha256:`) })
    const running = back(things, { push: site.client })
    await held.arrived
    site.storage.write(repository, newer, 'old')
    held.release()
    expect(await running).toMatchObject([{ outcome: 'Taken' }])
    expect(await site.tags(repository)).toMatchObject({ old: digest(newer) })
  })

  test('of which content is missing fails alone, and says what is gone', async () => {
    const broken = containerImage({ seed: 'broken' })
    const whole = containerImage({ seed: 'ok' })
    const repository = 'shop/broken'
    site.storage.write(repository, broken, 'broken')
    damage('layer-missing', { storageDir: site.registry.storageDir, repository, reference: 'broken' })
    const tags = { whole, kept: containerImage({ seed: 'kept' }) }
    await evictTags(site, { run: 'web-20261126t053000-0001', repository, tags, doomed: ['whole'] })
    const { hands } = site.hands(repository, {
      journal: await journalOf(shelfOf(site), repository, RUN, {}),
    })
    const eviction = evictionOf(repository, { broken, kept: tags.kept }, ['broken'])
    await untag(hands, eviction, version === '3' ? 'Native' : 'Placeholder')
    const results = await back((await gone(repository)).filter(({ tag }) => tag !== undefined))
    expect(Object.fromEntries(results.map((each) => [each.thing.tag, each.outcome]))).toEqual({
      broken: 'Failed',
      whole: 'Restored',
    })
    const failure = results.find(({ outcome }) => outcome === 'Failed')
    expect(failure).toMatchObject({ error: { code: 'RESTORE_CONTENT_GONE' } })
    expect(await site.tags(repository)).not.toHaveProperty('broken')
  })

  test('comes out of the trash where a garbage collection has taken it', async () => {
    const old = multiPlatformImage({ seed: 'collected' })
    const kept = containerImage({ seed: 'collected/kept' })
    const repository = 'shop/collected'
    site.storage.write(repository, old, 'old')
    site.storage.write(repository, kept, 'kept')
    const journal = await journalOf(shelfOf(site), repository, RUN, {})
    const { hands } = site.hands(repository, { journal })
    const eviction = evictionOf(repository, { old, kept }, ['old'])
    await copyToTrash(hands, { prefix: 'tallyman/trash' }, eviction.digests)
    await untag(hands, eviction, version === '3' ? 'Native' : 'Placeholder')
    await sweep(hands, eviction)
    await collectGarbage(site.registry)
    const results = await back((await gone(repository)).filter(({ tag }) => tag === 'old'))
    expect(results).toMatchObject([{ outcome: 'Restored' }])
    const arrived = await site.pull(`${repository}:old`)
    for (const each of digestsOf(old)) expect(arrived).toContain(each)
  })

  test.each(['Delete', 'Trash'] as const)(
    'S04: a tag comes back of which a later run took the manifest, with all below it (%s)',
    async (onEvict) => {
      const old = multiPlatformImage({ seed: `later/${onEvict}` })
      const kept = containerImage({ seed: `later/${onEvict}/kept` })
      const repository = `shop/later-${onEvict.toLowerCase()}`
      for (const tag of ['v1', 'v2']) site.storage.write(repository, old, tag)
      site.storage.write(repository, kept, 'kept')
      const method = version === '3' ? 'Native' : 'Placeholder'
      for (const [run, tags] of [
        ['web-20261125t053000-0a0b', { v1: old, v2: old, kept }],
        [RUN, { v2: old, kept }],
      ] as const) {
        const { hands } = site.hands(repository, {
          journal: await journalOf(shelfOf(site), repository, run, {}),
        })
        const doomed = run === RUN ? 'v2' : 'v1'
        const eviction = evictionOf(repository, tags, [doomed])
        if (run === RUN && onEvict === 'Trash')
          await copyToTrash(hands, { prefix: 'tallyman/trash' }, eviction.digests)
        await untag(hands, eviction, method)
        if (run === RUN) await sweep(hands, eviction)
      }
      if (onEvict === 'Trash') await collectGarbage(site.registry)
      const results = await back((await gone(repository)).filter(({ tag }) => tag === 'v1'))
      expect(results).toMatchObject([{ outcome: 'Restored', thing: { run: 'web-20261125t053000-0a0b' } }])
      const arrived = await site.pull(`${repository}:v1`)
      for (const each of digestsOf(old)) expect(arrived).toContain(each)
      expect(named(await gone(repository))).toEqual(['v2'])
    },
  )

  test('S04: where nobody can bring it back that is not asked of all journals with every try, and one that cannot be read is no obstacle', async () => {
    const [old, kept] = [containerImage({ seed: 'vain' }), containerImage({ seed: 'vain/kept' })]
    const repository = 'shop/vain'
    await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
    const things = (await gone(repository)).filter(({ tag }) => tag === 'old')
    site.storage.write(journalRepository('tallyman', repository), kept, 'no-journal')
    await collectGarbage(site.registry)
    const inVain = new InVain()
    const place = { shelf: { client: site.client, prefix: 'tallyman' }, inVain }
    const reads = site.proxy.counter({ path: /\/journals\/shop\/vain\/tags\/list/ })
    const lists: number[] = []
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await back(things, place)).toMatchObject([{ error: { code: 'RESTORE_CONTENT_GONE' } }])
      lists.push(reads.count)
    }
    expect(lists[0]).toBeGreaterThan(0)
    expect(lists[1]).toBe(lists[0])
  })

  test('S34: comes back by what is left of a journal of which a part is gone', async () => {
    const [old, kept] = [containerImage({ seed: 'part' }), containerImage({ seed: 'part/kept' })]
    const repository = 'shop/part'
    const journal = await journalOf(shelfOf(site), repository, RUN, {})
    await journal.append([{ kind: 'sample', at: 1, images: [] }])
    await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
    const things = (await gone(repository)).filter(({ tag }) => tag === 'old')
    damage('layer-missing', {
      ...{ storageDir: site.registry.storageDir, repository: journalRepository('tallyman', repository) },
      reference: RUN,
    })
    expect(await back(things)).toMatchObject([{ outcome: 'Restored' }])
    expect(await site.pull(`${repository}:old`)).toContain(digest(old))
  })

  test('S04: where the journal of its run is lost, and no other one knows of it, that is what is said of it every time', async () => {
    const [old, kept] = [containerImage({ seed: 'mute' }), containerImage({ seed: 'mute/kept' })]
    const repository = 'shop/mute'
    await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
    const things = (await gone(repository)).filter(({ tag }) => tag === 'old')
    damage('revision-link-missing', {
      ...{ storageDir: site.registry.storageDir, repository: journalRepository('tallyman', repository) },
      reference: RUN,
    })
    const inVain = new InVain()
    for (let tries = 0; tries < 2; tries += 1) {
      expect(await back(things, { inVain })).toMatchObject([{ error: { code: 'JOURNAL_LOST' } }])
    }
  })

  test('is not brought back by who has lost the lease', async () => {
    const old = containerImage({ seed: 'lease' })
    await evictTags(site, {
      ...{ run: RUN, repository: 'shop/lease', tags: { old, kept: containerImage({ seed: 'k' }) } },
      doomed: ['old'],
    })
    const lost = () => {
      throw new TallymanError('LEADERSHIP_LOST', 'another process leads')
    }
    await expect(back(await gone('shop/lease'), { fence: lost })).rejects.toMatchObject({
      code: 'LEADERSHIP_LOST',
    })
    expect(await site.has('shop/lease', digest(old))).toBe(false)
  })

  test('is recorded beside a journal that somebody else goes on writing', async () => {
    const old = containerImage({ seed: 'both' })
    await evictTags(site, {
      ...{ run: RUN, repository: 'shop/both', tags: { old, kept: containerImage({ seed: 'k' }) } },
      doomed: ['old'],
    })
    const before = await historyOfRun(shelfOf(site), 'shop/both', RUN, {})
    await back(stillEvicted(before))
    const after = await historyOfRun(shelfOf(site), 'shop/both', RUN, {})
    expect(after.went).toEqual(before.went)
    expect(after.returned).toMatchObject([{ tag: 'old', digest: digest(old) }])
    expect(after.unsettled).toEqual([])
  })

  test('is found in every repository that has a journal, also where its name is too long for one', async () => {
    const long = `${'a'.repeat(100)}/${'b'.repeat(100)}`
    const old = containerImage({ seed: 'long' })
    await evictTags(site, {
      ...{ run: RUN, repository: long, tags: { old, kept: containerImage({ seed: 'k' }) }, doomed: ['old'] },
    })
    const found: string[] = []
    for await (const each of journaledRepositories(shelfOf(site), {})) found.push(each)
    expect(found).toContain(long)
    expect(found).toContain('shop/lease')
  })
})
