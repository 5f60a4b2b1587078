import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { artifact, containerImage } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import type { Journal, JournalRecord } from './journal.ts'
import { journalManifest, journalRepository, readJournalManifest } from './journal-artifact.ts'
import { journalOf } from './journal-shelf.ts'
import { KnownJournals } from './known-journals.ts'
import { placeholder } from './placeholder.ts'
import { unfinishedRuns, WorkspaceJournal } from './workspace-journal.ts'

const RUN = 'run'
const GONE = { kind: 'status', status: 404 } as const
const repositoryOf = (repository: string) => journalRepository('tallyman', repository)

describe.each(['2.8', '3'] as const)('a journal in a registry, %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const placeOf = (repository: string, run = RUN) => ({
    client: site.direct,
    workspaceRepository: repositoryOf(repository),
    run,
    repository,
  })
  const open = (repository: string, run?: string) => WorkspaceJournal.open(placeOf(repository, run), {})
  /** Through the proxy; what is opened otherwise is past it. */
  const shelf = () => ({ ...shelfOf(site), client: site.client })
  const manifestOf = (repository: string) => new RegExp(`/v2/${repositoryOf(repository)}/manifests/`)
  const tagsOf = (repository: string) => new RegExp(`/v2/${repositoryOf(repository)}/tags/`)

  async function all(journal: Pick<Journal, 'read'>): Promise<JournalRecord[]> {
    const records: JournalRecord[] = []
    for await (const record of journal.read()) records.push(record)
    return records
  }

  const saved = (name: string): JournalRecord => ({ kind: 'manifest', ...placeholder(name) })
  const intent = (id: string): JournalRecord => ({
    kind: 'intent',
    id,
    at: 1,
    step: { action: 'untag', bindings: [{ tag: 'a', digest: placeholder('a').digest }] },
  })
  const outcome = (id: string): JournalRecord => ({ kind: 'outcome', intent: id, at: 2, ended: [] })

  test('that is nearly full lets nothing begin any more, and keeps room for the end of what has', async () => {
    const place = placeOf('full')
    await (await open('full')).append([intent('1')])
    const written = await site.direct.getManifest(place.workspaceRepository, RUN)
    const [chunk] = readJournalManifest(written, 'full')?.chunks ?? []
    if (chunk === undefined) throw new Error('something was written')
    const chunks = Array.from({ length: 9_900 }, () => chunk)
    await site.direct.putManifest(place.workspaceRepository, RUN, journalManifest(place, chunks, 1))
    const journal = await open('full')
    await expect(journal.append([intent('2')])).rejects.toMatchObject({
      code: 'JOURNAL_INVALID',
      message: 'tallyman/journals/full:run has no room: begin another run',
    })
    await journal.append([outcome('1')])
    expect(await unfinishedRuns(place, {})).toEqual([])
  })

  test('is read by the next process as it was written, in order', async () => {
    const records = [saved('one'), intent('1'), outcome('1'), saved('two'), intent('2')]
    const journal = await open('order')
    await journal.append(records.slice(0, 2))
    await journal.append(records.slice(2))
    expect(await all(journal)).toEqual(records)
    expect(await all(await open('order'))).toEqual(records)
  })

  test('holds ten thousand manifests', async () => {
    const { bytes, mediaType, digest } = containerImage({ seed: 'many' }).manifest
    const manifest: JournalRecord = { kind: 'manifest', digest, mediaType, bytes: Buffer.from(bytes) }
    const journal = await open('many')
    for (let batch = 0; batch < 20; batch += 1) {
      await journal.append(
        Array.from({ length: 500 }, (_, n) => (n === 0 ? intent(String(batch)) : manifest)),
      )
    }
    let count = 0
    for await (const _ of (await open('many')).read()) count += 1
    expect(count).toBe(10_000)
  })

  test('says whether something is left to finish, run by run', async () => {
    const place = placeOf('unfinished')
    expect(await unfinishedRuns(place, {})).toEqual([])
    await (await open('unfinished', 'done')).append([intent('1'), outcome('1')])
    const broken = await open('unfinished', 'broken')
    await broken.append([intent('1')])
    expect(await unfinishedRuns(place, {})).toEqual(['broken'])
    await broken.append([outcome('1')])
    expect(await unfinishedRuns(place, {})).toEqual([])
  })

  test('S41: is continued behind what another process has appended, and not where another one lies there', async () => {
    const records = [intent('1'), outcome('1'), intent('2')]
    const first = await open('continued')
    await first.append(records.slice(0, 1))
    await (await open('continued')).append(records.slice(1, 2))
    await expect(first.append(records.slice(2))).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' })
    await first.catchUp()
    await first.append(records.slice(2))
    expect(await all(await open('continued'))).toEqual(records)

    await (await open('continued', 'other')).append([saved('other')])
    const { workspaceRepository } = placeOf('continued')
    const other = await site.direct.getManifest(workspaceRepository, 'other')
    await site.direct.putManifest(workspaceRepository, RUN, other)
    await expect(first.catchUp()).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' })
  })

  test('S43: is the same one for work that a stop does not end, but a lost Lease', async () => {
    const records = [intent('1'), saved('one'), outcome('1')]
    const run = new AbortController()
    let isLeader = true
    const beforeSend = () => {
      if (!isLeader) throw new TallymanError('LEADERSHIP_LOST', 'another one leads')
    }
    const first = await WorkspaceJournal.open(placeOf('stopped'), { signal: run.signal, beforeSend })
    const urgent = first.withSignal(new AbortController().signal)
    await first.append(records.slice(0, 1))
    await urgent.append(records.slice(1, 2))
    await first.append(records.slice(2))
    run.abort(new TallymanError('CANCELLED', 'suspended'))
    await expect(first.append([intent('2')])).rejects.toMatchObject({ code: 'CANCELLED' })
    await urgent.append([intent('3')])
    await urgent.catchUp()
    const after = [...records, intent('3')]
    expect(await all(urgent)).toEqual(after)
    isLeader = false
    await expect(urgent.append([outcome('3')])).rejects.toMatchObject({ code: 'LEADERSHIP_LOST' })
    expect(await all(await open('stopped'))).toEqual(after)
  })

  test('S19: of two runs that say the same has two digests: one is deleted without the other', async () => {
    for (const run of ['a', 'b']) await (await open('twins', run)).append([saved('one')])
    const digests = await Promise.all(
      ['a', 'b'].map((run) => site.direct.headManifest(journalRepository('tallyman', 'twins'), run)),
    )
    expect(digests[0]?.digest).not.toBe(digests[1]?.digest)
  })

  test('is not taken for one that is about another repository, nor is anything else', async () => {
    await (await open('mine')).append([saved('one')])
    const place = { ...placeOf('mine'), repository: 'yours' }
    await expect(WorkspaceJournal.open(place, {})).rejects.toMatchObject({ code: 'JOURNAL_INVALID' })
    await pushImage(site.registry, journalRepository('tallyman', 'other'), artifact({ seed: 'other' }), RUN)
    await expect(open('other')).rejects.toMatchObject({ code: 'JOURNAL_INVALID' })
  })

  test('whose lines are damaged is not read as a shorter one', async () => {
    const journal = await open('damaged')
    await journal.append([saved('damaged')])
    const target = {
      storageDir: site.registry.storageDir,
      repository: journalRepository('tallyman', 'damaged'),
    }
    damage('layer-half', { ...target, reference: RUN })
    await expect(all(await open('damaged'))).rejects.toMatchObject({ kind: 'damaged' })
  })

  test('of a repository with a long name lies under a hash of it', async () => {
    const long = `${'a'.repeat(120)}/${'b'.repeat(120)}`
    expect(journalRepository('tallyman', long)).toMatch(/^tallyman\/journals\/[0-9a-f]{40}$/)
    await (await open(long)).append([saved('one')])
    expect(await all(await open(long))).toHaveLength(1)
  })

  test('S34: is not begun anew where a 404 passes', async () => {
    await (await open('passing')).append([saved('one')])
    site.proxy.rule({ ...GONE, times: 1 }, { method: 'GET', path: manifestOf('passing') })
    const journal = await journalOf(shelf(), 'passing', RUN, {})
    await journal.append([saved('two')])
    expect(await all(await open('passing'))).toEqual([saved('one'), saved('two')])
  })

  test('S34: is neither read as empty nor written while its tag is listed and names nothing', async () => {
    await (await open('listed')).append([saved('one')])
    site.proxy.rule(GONE, { path: manifestOf('listed') })
    const journal = await journalOf(shelf(), 'listed', RUN, {})
    await expect(journal.append([saved('two')])).rejects.toMatchObject({ code: 'JOURNAL_LOST' })
    await expect(journal.read().next()).rejects.toMatchObject({ code: 'JOURNAL_LOST' })
    site.proxy.clear()
    expect(await all(await open('listed'))).toEqual([saved('one')])
  })

  test('S34: is not written over where list and manifest were away when it was opened, as in a registry without its disk', async () => {
    await (await open('away')).append([saved('one')])
    site.proxy.rule(GONE, { path: manifestOf('away') })
    site.proxy.rule(GONE, { path: tagsOf('away') })
    const journal = await journalOf(shelf(), 'away', RUN, {})
    site.proxy.clear()
    await expect(journal.append([saved('two')])).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' })
    expect(await all(await open('away'))).toEqual([saved('one')])
  })

  test('S34: that this process has seen is missed as long as everything says that it never was', async () => {
    const known = new KnownJournals()
    await (await journalOf({ ...shelf(), known }, 'seen', RUN, {})).append([saved('one')])
    site.proxy.rule(GONE, { path: manifestOf('seen') })
    site.proxy.rule(GONE, { path: tagsOf('seen') })
    const journal = await journalOf({ ...shelf(), known }, 'seen', RUN, {})
    await expect(journal.append([saved('two')])).rejects.toMatchObject({ code: 'JOURNAL_LOST' })
    site.proxy.clear()
    await (await journalOf({ ...shelf(), known }, 'seen', RUN, {})).append([saved('two')])
    expect(await all(await open('seen'))).toEqual([saved('one'), saved('two')])
  })

  test('S34: that was set back by a restored backup is not continued by who knows more of it', async () => {
    const known = new KnownJournals()
    const journal = await journalOf({ ...shelf(), known }, 'back', RUN, {})
    await journal.append([saved('one')])
    const old = await site.direct.getManifest(repositoryOf('back'), RUN)
    await journal.append([saved('two')])
    const last = await site.direct.getManifest(repositoryOf('back'), RUN)
    await site.direct.putManifest(repositoryOf('back'), RUN, old)
    await expect(journal.append([saved('three')])).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' })
    const next = await journalOf({ ...shelf(), known }, 'back', RUN, {})
    await expect(next.append([saved('three')])).rejects.toMatchObject({
      code: 'JOURNAL_LOST',
      message: expect.stringContaining(last.digest),
    })
    // As the remedy says.
    await site.direct.putManifest(repositoryOf('back'), RUN, last)
    await (await journalOf({ ...shelf(), known }, 'back', RUN, {})).append([saved('three')])
    expect(await all(await open('back'))).toEqual([saved('one'), saved('two'), saved('three')])
  })

  test('S34: that another process has continued, after it took over, is not written over by who led before', async () => {
    const known = new KnownJournals()
    const first = await journalOf({ ...shelf(), known }, 'two', RUN, {})
    await first.append([saved('one')])
    await (await open('two')).append([intent('2')])
    await expect(first.append([saved('late')])).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' })
    // Leading again it goes on from there.
    await (await journalOf({ ...shelf(), known }, 'two', RUN, {})).append([saved('three')])
    expect(await all(await open('two'))).toEqual([saved('one'), intent('2'), saved('three')])
  })

  test('S34: goes on where the answer to its last PUT was lost', async () => {
    const journal = await journalOf(shelf(), 'unanswered', RUN, {})
    await journal.append([saved('one')])
    const mend = site.proxy.rule({ kind: 'drop' }, { method: 'PUT', path: manifestOf('unanswered') })
    await expect(journal.append([saved('two')])).rejects.toMatchObject({ kind: 'unreachable' })
    mend()
    await journal.append([saved('three')])
    expect(await all(await open('unanswered'))).toEqual([saved('one'), saved('three')])
  })
})
