import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { evictTags, shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, sparing, startEvictionSite } from '#test/harness/eviction.ts'
import { containerImage } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'
import { historyOfRun } from './evicted.ts'
import type { Hands } from './hands.ts'
import type { JournalRecord } from './journal.ts'
import { journalRepository } from './journal-artifact.ts'
import { journalOf, RESTORATIONS } from './journal-shelf.ts'
import { RestorationRecords } from './restorations.ts'
import { purgeRun, type RunPurge } from './run-purge.ts'
import { copyToTrash, trashBelow } from './trash.ts'
import { unfinishedRuns } from './workspace-journal.ts'

const RUN = 'web-20261126t053000-1f2e'
const OTHER = 'web-20261127t053000-2f3e'
const BESIDE = `${RUN}${RESTORATIONS}`
const DAY = 86_400_000

describe.each(['2.8', '3'] as const)('a run that is over, on %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const journals = (source: string) => site.tags(journalRepository('tallyman', source))
  const shelf = () => ({ ...shelfOf(site), client: site.client })

  /** A run that took a tag with its manifest, of which there is a copy in the trash unless `onEvict` says otherwise. */
  async function taken(source: string, run = RUN, onEvict: 'Trash' | 'Delete' = 'Trash') {
    const image = containerImage({ seed: `${source}/${run}` })
    const { digest } = image.manifest
    site.storage.write(source, image, 'old')
    if (onEvict === 'Trash') {
      const journal = await journalOf(shelfOf(site), source, run, {})
      await copyToTrash(site.hands(source, { journal }).hands, trashBelow('tallyman'), [digest])
    }
    const kept = containerImage({ seed: `${source}/kept` })
    await evictTags(site, { run, repository: source, tags: { old: image, kept }, doomed: ['old'] })
    const hasCopy = () => site.has(`tallyman/trash/${source}/1`, digest)
    return { digest, hasCopy }
  }

  const append = async (source: string, records: readonly JournalRecord[]) =>
    (await journalOf(shelfOf(site), source, RUN, {})).append(records)

  const cameBack = (source: string, digest: string, at: number) =>
    new RestorationRecords().add(
      shelfOf(site),
      { repository: source, run: RUN },
      [{ kind: 'restored', at, tag: 'old', digest }],
      {},
    )

  /** By a process of its own, a day after all copies were made. */
  async function purge(source: string, more: Partial<Hands> = {}, order: Partial<RunPurge> = {}) {
    const journal = await journalOf(shelf(), source, RUN, {})
    const { hands, lines } = site.hands(source, { journal, ...more })
    const end = await purgeRun(hands, {
      ...{ shelf: shelf(), run: RUN, before: systemClock.now() + DAY, pinnedSince: systemClock.now() - DAY },
      ...{ isAsked: false, learn: () => undefined, remover: async () => site.client },
      ...order,
    })
    return { ...end, lines: lines.map(({ method, repository }) => `${method} ${repository}`) }
  }

  test('S19: goes from trash and workspace, each request with its line of audit; another run of the repository stays', async () => {
    const { digest, hasCopy } = await taken('all')
    const other = await taken('all', OTHER)
    await cameBack('all', digest, 1)
    expect(Object.keys(await journals('all'))).toEqual([RUN, BESIDE, OTHER])
    const deletes = [
      'DELETE tallyman/trash/all/1',
      'DELETE tallyman/journals/all',
      'DELETE tallyman/journals/all',
    ]
    expect(await purge('all')).toEqual({ kind: 'gone', lines: deletes })
    expect(await hasCopy()).toBe(false)
    expect(Object.keys(await journals('all'))).toEqual([OTHER])
    const { went } = await historyOfRun(shelf(), 'all', OTHER, {})
    expect(went.map((each) => each.digest)).toEqual([other.digest, other.digest])
    expect(await other.hasCopy()).toBe(true)
    expect(await purge('all')).toEqual({ kind: 'gone', lines: [] })
  })

  test('S45: what another run has in the trash stays where this one had only begun to copy the same', async () => {
    await taken('same')
    const { digest, hasCopy } = await taken('same', OTHER)
    const begun = { repository: 'tallyman/trash/same/1', manifests: [{ digest, children: [] }] }
    await append('same', [{ kind: 'trashing', at: 1, ...begun }])
    expect(await purge('same')).toMatchObject({ kind: 'gone' })
    expect([await hasCopy(), Object.keys(await journals('same'))]).toEqual([true, [OTHER]])
  })

  test('S19: a copy that stays because it is in use keeps the journal; later both go', async () => {
    const { digest, hasCopy } = await taken('used')
    expect(await purge('used', { stillDoomed: sparing(digest) })).toEqual({ kind: 'needed', lines: [] })
    expect([await hasCopy(), Object.keys(await journals('used'))]).toEqual([true, [RUN]])
    expect(await purge('used')).toMatchObject({ kind: 'gone' })
    expect([await hasCopy(), await journals('used')]).toEqual([false, {}])
  })

  test('S19: what is younger than the copies that go keeps the journal', async () => {
    const { hasCopy } = await taken('young')
    expect(await purge('young', {}, { before: 0 })).toEqual({ kind: 'needed', lines: [] })
    expect([await hasCopy(), Object.keys(await journals('young'))]).toEqual([true, [RUN]])
  })

  test('S04: its journal stays while something that it took is in use, also without a copy', async () => {
    const { digest } = await taken('needed', RUN, 'Delete')
    expect(await purge('needed', { stillDoomed: sparing(digest) })).toEqual({ kind: 'needed', lines: [] })
    expect(Object.keys(await journals('needed'))).toEqual([RUN])
    // Once it is back, nobody has to bring it back by the journal.
    await cameBack('needed', digest, systemClock.now() + 1)
    const end = await purge(
      'needed',
      { stillDoomed: sparing(digest) },
      { pinnedSince: systemClock.now() + DAY },
    )
    expect(end).toMatchObject({ kind: 'gone' })
    expect(await journals('needed')).toEqual({})
  })

  test('S04: what comes into use after the last look at it keeps its journal', async () => {
    const { digest } = await taken('late', RUN, 'Delete')
    let guards = 0
    const guard = async () => {
      guards += 1
    }
    const stillDoomed = (each: { readonly digest: string }) => guards < 2 || each.digest !== digest
    expect(await purge('late', { guard, stillDoomed })).toEqual({ kind: 'needed', lines: [] })
    expect(Object.keys(await journals('late'))).toEqual([RUN])
  })

  test('S16: what it has begun and not ended keeps copies and journal', async () => {
    const { digest, hasCopy } = await taken('open')
    const step = { action: 'untag', bindings: [{ tag: 'kept', digest }] } as const
    await append('open', [{ kind: 'intent', id: 'last', at: 1, step }])
    expect(await purge('open')).toEqual({ kind: 'needed', lines: [] })
    expect([await hasCopy(), Object.keys(await journals('open'))]).toEqual([true, [RUN]])
    await append('open', [{ kind: 'outcome', intent: 'last', at: 2, ended: [] }])
    expect(await purge('open')).toMatchObject({ kind: 'gone' })
  })

  test('S12: what was brought back stays for its time, and what says so; so does what somebody asks for', async () => {
    const { digest } = await taken('back')
    await cameBack('back', digest, systemClock.now())
    expect(await purge('back')).toMatchObject({ kind: 'needed' })
    const pinnedSince = systemClock.now() + 1
    expect(await purge('back', {}, { pinnedSince, isAsked: true })).toMatchObject({ kind: 'needed' })
    expect(Object.keys(await journals('back'))).toEqual([RUN, BESIDE])
    const remover = async () => {
      throw new TallymanError('REGISTRY_UNAUTHORIZED', 'nobody may delete there')
    }
    expect(await purge('back', {}, { remover })).toMatchObject({ kind: 'needed' })
    expect(await purge('back', {}, { pinnedSince })).toMatchObject({ kind: 'gone' })
    expect(await journals('back')).toEqual({})
  })

  test('S12: copies go although it is lost what was brought back, and what the run has taken is needed; its journal stays', async () => {
    const { digest, hasCopy } = await taken('untold')
    await cameBack('untold', digest, 1)
    const { storageDir } = site.registry
    const repository = journalRepository('tallyman', 'untold')
    const mend = damage('revision-link-missing', { storageDir, repository, reference: BESIDE })
    expect(await purge('untold', { stillDoomed: sparing(digest) })).toEqual({ kind: 'needed', lines: [] })
    expect(await hasCopy()).toBe(true)
    expect(await purge('untold')).toMatchObject({ kind: 'needed' })
    expect([await hasCopy(), Object.keys(await journals('untold'))]).toEqual([false, [RUN, BESIDE]])
    mend()
    expect(await purge('untold')).toMatchObject({ kind: 'gone' })
  })

  test('S12: what is brought back right before the journal goes keeps it, and what says so', async () => {
    const { digest } = await taken('returning', RUN, 'Delete')
    let guards = 0
    // Somebody brings it back when everything else was looked at.
    const guard = async () => {
      guards += 1
      if (guards === 2) await cameBack('returning', digest, systemClock.now())
    }
    expect(await purge('returning', { guard })).toEqual({ kind: 'needed', lines: [] })
    expect(Object.keys(await journals('returning'))).toEqual([RUN, BESIDE])
  })

  test('S19: takes no other tag along that names the same, whenever that was written', async () => {
    await taken('shared', RUN, 'Delete')
    const repository = journalRepository('tallyman', 'shared')
    const written = await site.direct.getManifest(repository, RUN)
    let guards = 0
    // Somebody tags it when everything else was looked at.
    const guard = async () => {
      guards += 1
      if (guards === 2) await site.direct.putManifest(repository, 'mine', written)
    }
    expect(await purge('shared', { guard })).toEqual({ kind: 'needed', lines: [] })
    expect(Object.keys(await journals('shared'))).toEqual(['mine', RUN])
  })

  test('S03: nothing goes without the consent of the guard', async () => {
    await taken('guarded', RUN, 'Delete')
    const guard = async () => {
      throw new TallymanError('LEADERSHIP_LOST', 'somebody else leads')
    }
    await expect(purge('guarded', { guard })).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    expect(Object.keys(await journals('guarded'))).toEqual([RUN])
  })

  test.each(['manifest-missing', 'revision-link-missing'] as const)(
    'S16: leaves no tag that names nothing, as a DELETE does that was cut off (%s)',
    async (kind) => {
      await taken(kind, RUN, 'Delete')
      const { storageDir } = site.registry
      damage(kind, { storageDir, repository: journalRepository('tallyman', kind), reference: RUN })
      expect(await journals(kind)).toEqual({ [RUN]: undefined })
      // A 404 may pass: only what named nothing some time ago, too, is such a tag (S34).
      expect(await purge(kind)).toMatchObject({ kind: 'nameless', tag: RUN, lines: [] })
      expect(await journals(kind)).toEqual({ [RUN]: undefined })
      expect(await purge(kind, {}, { nameless: BESIDE })).toMatchObject({ kind: 'nameless', tag: RUN })
      expect(await purge(kind, {}, { nameless: RUN })).toMatchObject({ kind: 'gone' })
      expect(await journals(kind)).toEqual({})
    },
  )

  test('is found again whatever stopped it between its journal and what lies beside that', async () => {
    const { digest } = await taken('between')
    await cameBack('between', digest, 1)
    let asked = 0
    const remover = async () => {
      asked += 1
      if (asked === 2) throw new TallymanError('REGISTRY_UNREACHABLE', 'killed')
      return site.client
    }
    await expect(purge('between', {}, { remover })).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' })
    expect(Object.keys(await journals('between'))).toEqual([BESIDE])
    expect(await purge('between')).toMatchObject({ kind: 'gone' })
    expect(await journals('between')).toEqual({})
  })

  test('S16: a DELETE whose answer is lost is found out by the next call', async () => {
    await taken('lost')
    site.proxy.rule({ kind: 'drop', times: 1 }, { method: 'DELETE', path: /journals\/lost/ })
    await expect(purge('lost')).rejects.toMatchObject({ kind: 'unreachable' })
    expect(await purge('lost')).toMatchObject({ kind: 'gone' })
    expect(await journals('lost')).toEqual({})
  })

  test('is nothing to finish for who reads the journals of the repository meanwhile', async () => {
    await taken('meanwhile', RUN, 'Delete')
    const workspaceRepository = journalRepository('tallyman', 'meanwhile')
    const place = { client: site.client, workspaceRepository, repository: 'meanwhile' }
    const held = site.proxy.hold({ method: 'GET', path: /journals\/meanwhile\/manifests/ })
    const looking = unfinishedRuns(place, {})
    await held.arrived
    const { digest } = await site.direct.headManifest(workspaceRepository, RUN)
    const { hands } = site.hands('meanwhile')
    await site.direct.deleteManifest(workspaceRepository, digest, hands)
    held.release()
    expect(await looking).toEqual([])

    // A tag that stays and names nothing may be a journal by which something has to be finished (S34).
    await taken('meanwhile', RUN, 'Delete')
    const { storageDir } = site.registry
    damage('revision-link-missing', { storageDir, repository: workspaceRepository, reference: RUN })
    expect(await unfinishedRuns(place, {})).toEqual([RUN])
  })

  test('leaves what is no journal', async () => {
    await taken('foreign', RUN, 'Delete')
    const image = containerImage({ seed: 'foreign' })
    site.storage.write(journalRepository('tallyman', 'foreign'), image, RUN)
    await expect(purge('foreign')).rejects.toMatchObject({ code: 'JOURNAL_INVALID' })
    expect(await journals('foreign')).toEqual({ [RUN]: image.manifest.digest })
  })
})
