import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { damage } from '#test/harness/damage.ts'
import { evictTags, shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { executeOn } from '#test/harness/execution.ts'
import { containerImage } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'
import { historyOfRepository, historyOfRun, returnedTo } from './evicted.ts'
import type { JournalRecord } from './journal.ts'
import { journalRepository } from './journal-artifact.ts'
import { journalOf, RESTORATIONS } from './journal-shelf.ts'
import { KnownJournals } from './known-journals.ts'
import { placeholder } from './placeholder.ts'
import { RestorationRecords } from './restorations.ts'
import { purgeRun } from './run-purge.ts'
import { settle } from './settle.ts'
import { unfinishedRuns } from './workspace-journal.ts'

const RUN = 'web-20261126t053000-1f2e'
const GONE = { kind: 'status', status: 404 } as const

const saved = (name: string): JournalRecord => ({ kind: 'manifest', ...placeholder(name) })
const intent = (id: string): JournalRecord => ({
  kind: 'intent',
  id,
  at: 1,
  step: { action: 'untag', bindings: [{ tag: 'never', digest: placeholder('a').digest }] },
})

describe.each(['2.8', '3'] as const)('S34: the journal of a run, on %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const shelf = () => ({ ...shelfOf(site), client: site.client })
  const placeOf = (repository: string) => journalRepository('tallyman', repository)
  const manifestOf = (repository: string) => new RegExp(`/v2/${placeOf(repository)}/manifests/`)
  const tagsOf = (repository: string) => new RegExp(`/v2/${placeOf(repository)}/tags/`)

  /** By a process of its own, past the proxy. */
  async function append(repository: string, records: readonly JournalRecord[], run = RUN): Promise<void> {
    await (await journalOf(shelfOf(site), repository, run, {})).append(records)
  }

  async function recorded(repository: string, run = RUN): Promise<JournalRecord[]> {
    const records: JournalRecord[] = []
    for await (const record of (await journalOf(shelfOf(site), repository, run, {})).read())
      records.push(record)
    return records
  }

  function dangle(repository: string, run = RUN): () => void {
    const { storageDir } = site.registry
    return damage('revision-link-missing', {
      storageDir,
      repository: placeOf(repository),
      reference: run,
    })
  }

  test('keeps what two processes record at the same time as brought back', async () => {
    const { digest } = placeholder('a')
    const back = (tag: string) => [{ kind: 'restored', at: 1, tag, digest } as const]
    const held = site.proxy.hold({ method: 'HEAD', path: manifestOf('both') })
    const place = { repository: 'both', run: RUN }
    const slow = new RestorationRecords().add(shelf(), place, back('slow'), {})
    await held.arrived
    await new RestorationRecords().add(shelfOf(site), place, back('quick'), {})
    held.release()
    await slow
    expect(await recorded('both', `${RUN}${RESTORATIONS}`)).toEqual([...back('quick'), ...back('slow')])
  })

  test('where it is lost is unfinished; the others are settled, and what it took is not known', async () => {
    const repository = 'dangling'
    const kept = containerImage({ seed: `${version}/${repository}` })
    site.storage.write(repository, kept, 'kept')
    await append(repository, [intent('1')], 'a-lost')
    await append(repository, [intent('1')], 'b-open')
    const mend = dangle(repository, 'a-lost')
    const place = { client: site.client, workspaceRepository: placeOf(repository), repository }
    expect(await unfinishedRuns(place, {})).toEqual(['b-open', 'a-lost'])

    const { unsettled } = await historyOfRepository(shelf(), repository, undefined, {})
    expect(unsettled).toEqual([
      { repository, run: 'a-lost', isLost: true },
      { repository, run: 'b-open' },
    ])
    const journal = await journalOf(shelf(), repository, 'a-lost', {})
    await expect(settle(site.hands(repository, { journal }).hands)).rejects.toMatchObject({
      code: 'JOURNAL_LOST',
    })

    const going = containerImage({ seed: `${version}/${repository}/going` })
    site.storage.write(repository, going, 'going')
    const eviction = evictionOf(repository, { going, kept }, ['going'])
    const { end } = await executeOn(site, [eviction])
    // It is told, and where nothing is left half done it keeps nothing from going.
    expect(end).toMatchObject({ phase: 'Partial', counts: { untagged: 1, swept: 1 } })
    expect(end.problems.map(({ error }) => error.code)).toEqual(['JOURNAL_LOST'])
    expect(await site.tags(repository)).toEqual({ kept: kept.manifest.digest })
    expect(await unfinishedRuns(place, {})).toEqual(['a-lost'])
    mend()
    expect((await executeOn(site, [eviction])).end).toMatchObject({ phase: 'Succeeded', problems: [] })
    expect(await unfinishedRuns(place, {})).toEqual([])
  })

  test('of which a part is gone is lost, and what the rest says is known; the others are settled', async () => {
    const repository = 'part'
    const digest = placeholder('a').digest
    await append(repository, [intent('0')])
    await append(repository, [
      intent('1'),
      { kind: 'outcome', intent: '1', at: 1, ended: [{ tag: 'v1', digest, outcome: 'untagged' }] },
    ])
    await append(repository, [intent('3')], 'b-open')
    const mend = damage('layer-missing', {
      ...{ storageDir: site.registry.storageDir, repository: placeOf(repository), reference: RUN },
    })
    const { went, unsettled } = await historyOfRepository(shelf(), repository, undefined, {})
    expect(went).toMatchObject([{ run: RUN, tag: 'v1', digest }])
    expect(unsettled).toEqual(
      expect.arrayContaining([
        { repository, run: RUN, isLost: true },
        { repository, run: 'b-open' },
      ]),
    )
    const kept = containerImage({ seed: `${version}/${repository}` })
    const going = containerImage({ seed: `${version}/${repository}/going` })
    for (const [tag, image] of Object.entries({ kept, going })) site.storage.write(repository, image, tag)
    const { end } = await executeOn(site, [evictionOf(repository, { going, kept }, ['going'])])
    expect(end).toMatchObject({ phase: 'Partial', counts: { untagged: 1, swept: 1 } })
    expect(end.problems.map(({ error }) => error.code)).toEqual(['JOURNAL_LOST'])
    mend()
    expect((await historyOfRun(shelf(), repository, RUN, {})).journal).toBe('read')
  })

  test.each(['names a placeholder', 'names nothing'])(
    'where it is lost lets nothing go while a tag %s that it would say more about',
    async (what) => {
      const repository = what.replaceAll(' ', '-')
      const image = containerImage({ seed: `${version}/${repository}` })
      const going = containerImage({ seed: `${version}/${repository}/going` })
      const tags = { going, image }
      for (const [tag, each] of Object.entries(tags)) site.storage.write(repository, each, tag)
      const eviction = evictionOf(repository, tags, ['going'])
      await append(repository, [intent('1')], 'a-lost')
      dangle(repository, 'a-lost')
      const half = containerImage({ seed: `${version}/${repository}/half` })
      site.storage.write(repository, half, 'half')
      if (what === 'names a placeholder') {
        await site.direct.putManifest(repository, 'half', placeholder('half'))
      } else {
        const { storageDir } = site.registry
        damage('revision-link-missing', { storageDir, repository, reference: 'half' })
      }
      const { end } = await executeOn(site, [eviction])
      expect(end.problems.map(({ error }) => error.code)).toEqual(['JOURNAL_LOST'])
      expect(end.problems[0]?.error.message).toContain('half')
      expect(Object.keys(await site.tags(repository))).toEqual(['going', 'half', 'image'])
    },
  )

  test('where it is lost has its repository looked at once for all such runs', async () => {
    const repository = 'several'
    const kept = containerImage({ seed: `${version}/${repository}` })
    site.storage.write(repository, kept, 'kept')
    const eviction = evictionOf(repository, { kept }, [])
    const lose = async (run: string) => {
      await append(repository, [intent('1')], run)
      dangle(repository, run)
    }
    const execution = async () => {
      const before = site.proxy.requests.length
      const { end } = await executeOn(site, [eviction])
      const asked = site.proxy.requests.slice(before).map(({ method, path }) => `${method} ${path}`)
      const looks = [`/v2/${repository}/tags/list`, `/v2/${repository}/manifests/kept`]
      return { asked: asked.filter((each) => looks.some((look) => each.includes(look))), end }
    }
    await lose('a-lost')
    const { asked } = await execution()
    await lose('b-lost')
    const both = await execution()
    expect(both.end.problems.map(({ error }) => error.code)).toEqual(['JOURNAL_LOST', 'JOURNAL_LOST'])
    expect(both.asked).toHaveLength(asked.length)
  })

  describe('that says what was brought back', () => {
    const beside = `${RUN}${RESTORATIONS}`
    const cameBack = (repository: string) =>
      new RestorationRecords().add(
        shelfOf(site),
        { repository, run: RUN },
        [{ kind: 'restored', at: 1, tag: 'kept', digest: placeholder('a').digest }],
        {},
      )
    const world = (repository: string) => {
      const tags = {
        going: containerImage({ seed: `${version}/${repository}/going` }),
        kept: containerImage({ seed: `${version}/${repository}/kept` }),
      }
      for (const [tag, image] of Object.entries(tags)) site.storage.write(repository, image, tag)
      return evictionOf(repository, tags, ['going'])
    }

    test('S12: lets nothing go from its repository where it is lost, and keeps no other one', async () => {
      const evictions = [world('returns/lost'), world('returns/other')]
      await append('returns/lost', [saved('one')])
      await cameBack('returns/lost')
      const known = await returnedTo(shelf(), 'returns/lost', {})
      expect(known).toMatchObject({ returned: [{ run: RUN, tag: 'kept' }], lost: undefined })
      const mend = dangle('returns/lost', beside)
      const unknown = { returned: [], lost: expect.objectContaining({ code: 'JOURNAL_LOST' }) }
      expect(await returnedTo(shelf(), 'returns/lost', {})).toEqual(unknown)
      const { end } = await executeOn(site, evictions)
      expect(end).toMatchObject({ phase: 'Partial', counts: { untagged: 1, swept: 1 } })
      expect(end.problems.map(({ repository, error }) => [repository, error.code])).toEqual([
        ['returns/lost', 'JOURNAL_LOST'],
      ])
      expect(Object.keys(await site.tags('returns/lost'))).toEqual(['going', 'kept'])
      expect(Object.keys(await site.tags('returns/other'))).toEqual(['kept'])
      mend()
      expect((await executeOn(site, evictions)).end).toMatchObject({ phase: 'Succeeded', problems: [] })
    })

    test('would say nothing more once the journal of its run is gone', async () => {
      const eviction = world('returns/alone')
      await cameBack('returns/alone')
      dangle('returns/alone', beside)
      expect(await returnedTo(shelf(), 'returns/alone', {})).toEqual({ returned: [], lost: undefined })
      const { end } = await executeOn(site, [eviction])
      expect(end).toMatchObject({ phase: 'Partial', counts: { untagged: 1, swept: 1 } })
      expect(end.problems.map(({ error }) => error.code)).toEqual(['JOURNAL_LOST'])
    })

    test('S16: hides nothing that the run has begun and not ended', async () => {
      await append('returns/open', [intent('1')])
      await cameBack('returns/open')
      dangle('returns/open', beside)
      const { unsettled } = await historyOfRun(shelf(), 'returns/open', RUN, {})
      const place = { repository: 'returns/open', run: RUN }
      expect(unsettled).toEqual([place, { ...place, isLost: true }])
    })
  })

  describe('is not deleted', () => {
    async function taken(repository: string): Promise<string> {
      const old = containerImage({ seed: `${version}/${repository}/old` })
      const kept = containerImage({ seed: `${version}/${repository}/kept` })
      await evictTags(site, { run: RUN, repository, tags: { old, kept }, doomed: ['old'] })
      return old.manifest.digest
    }

    /** What the run took is in use. */
    async function purge(repository: string, used: string, known?: KnownJournals, nameless?: string) {
      const place = { ...shelf(), known }
      const journal = await journalOf(place, repository, RUN, {})
      const { hands } = site.hands(repository, { journal, stillDoomed: ({ digest }) => digest !== used })
      return await purgeRun(hands, {
        ...{ shelf: place, run: RUN, before: systemClock.now() + 1, pinnedSince: systemClock.now() },
        ...{ isAsked: false, learn: () => undefined, remover: async () => site.client, nameless },
      })
    }

    test.each([
      ['a 404 passes', 2, false, 'JOURNAL_LOST'],
      ['a 404 lasts until it was read', 8, false, 'needed'],
      ['list and manifest are away until it was read', 8, true, 'needed'],
    ])('because nothing seems to be needed of it while %s', async (how, times, withList, end) => {
      const repository = how.replaceAll(' ', '-')
      const used = await taken(repository)
      site.proxy.rule({ ...GONE, times }, { method: 'GET', path: manifestOf(repository) })
      if (withList) site.proxy.rule({ ...GONE, times: 3 }, { path: tagsOf(repository) })
      const purged = purge(repository, used).then(({ kind }) => kind)
      expect(await purged.catch(({ code }) => code)).toBe(end)
      expect(Object.keys(await site.tags(placeOf(repository)))).toEqual([RUN])
    })

    test('at the first look at a tag that names nothing', async () => {
      const used = await taken('once')
      const before = await site.tags(placeOf('once'))
      site.proxy.rule(GONE, { path: manifestOf('once') })
      expect(await purge('once', used)).toEqual({ kind: 'nameless', tag: RUN })
      site.proxy.clear()
      expect(await site.tags(placeOf('once'))).toEqual(before)
      // By the next look it can be read.
      expect(await purge('once', used, undefined, RUN)).toEqual({ kind: 'needed' })
      expect(await site.tags(placeOf('once'))).toEqual(before)
    })

    test('because it was hidden for a moment of the second look', async () => {
      const used = await taken('twice')
      const before = await site.tags(placeOf('twice'))
      // Of the history, and of what lies beside; then of the HEAD. Opened once more it can be read.
      site.proxy.rule({ ...GONE, times: 4 }, { method: 'GET', path: manifestOf('twice') })
      site.proxy.rule({ ...GONE, times: 1 }, { method: 'HEAD', path: manifestOf('twice') })
      expect(await purge('twice', used, undefined, RUN)).toEqual({ kind: 'needed' })
      expect(await site.tags(placeOf('twice'))).toEqual(before)
    })

    test.each(['is listed', 'is not listed'])(
      'by a process that has seen it, whatever hides it, while its tag %s',
      async (how) => {
        const repository = how.replaceAll(' ', '-')
        const used = await taken(repository)
        const before = await site.tags(placeOf(repository))
        const known = new KnownJournals()
        await journalOf({ ...shelf(), known }, repository, RUN, {})
        site.proxy.rule(GONE, { path: manifestOf(repository) })
        if (how === 'is not listed') site.proxy.rule(GONE, { path: tagsOf(repository) })
        expect(await purge(repository, used, known, RUN)).toEqual({ kind: 'needed' })
        site.proxy.clear()
        expect(await site.tags(placeOf(repository))).toEqual(before)
      },
    )

    test('twice where the answer to its DELETE is lost', async () => {
      await taken('unknown')
      const known = new KnownJournals()
      site.proxy.rule({ kind: 'drop', times: 1 }, { method: 'DELETE', path: manifestOf('unknown') })
      await expect(purge('unknown', '', known)).rejects.toMatchObject({ kind: 'unreachable' })
      expect(await purge('unknown', '', known)).toEqual({ kind: 'gone' })
      expect(await site.tags(placeOf('unknown'))).toEqual({})
    })
  })
})
