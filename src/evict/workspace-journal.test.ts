import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { damage } from '#test/harness/damage.ts'
import { artifact, containerImage } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'
import type { JournalRecord } from './journal.ts'
import { journalRepository } from './journal-artifact.ts'
import { placeholder } from './placeholder.ts'
import { unfinishedRuns, WorkspaceJournal } from './workspace-journal.ts'

describe.each(['2.8', '3'] as const)('a journal in a registry, %s', (version) => {
  let registry: TestRegistry
  let pool: RegistryPool
  let client: RegistryClient

  beforeAll(async () => {
    registry = await startRegistry({ version })
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    client = pool.client({ url: registry.url, limits: { concurrency: 8 } })
  })
  afterAll(async () => {
    await pool.close()
    await registry.stop()
  })

  const placeOf = (repository: string, run = 'run') => ({
    client,
    workspaceRepository: journalRepository('tallyman', repository),
    run,
    repository,
  })
  const open = (repository: string, run?: string) => WorkspaceJournal.open(placeOf(repository, run), {})

  async function all(journal: WorkspaceJournal): Promise<JournalRecord[]> {
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

  test('S19: of two runs that say the same has two digests: one is deleted without the other', async () => {
    for (const run of ['a', 'b']) await (await open('twins', run)).append([saved('one')])
    const digests = await Promise.all(
      ['a', 'b'].map((run) => client.headManifest(journalRepository('tallyman', 'twins'), run)),
    )
    expect(digests[0]?.digest).not.toBe(digests[1]?.digest)
  })

  test('is not taken for one that is about another repository, nor is anything else', async () => {
    await (await open('mine')).append([saved('one')])
    const place = { ...placeOf('mine'), repository: 'yours' }
    await expect(WorkspaceJournal.open(place, {})).rejects.toMatchObject({ code: 'JOURNAL_INVALID' })
    await pushImage(registry, journalRepository('tallyman', 'other'), artifact({ seed: 'other' }), 'run')
    await expect(open('other')).rejects.toMatchObject({ code: 'JOURNAL_INVALID' })
  })

  test('whose lines are damaged is not read as a shorter one', async () => {
    const journal = await open('damaged')
    await journal.append([saved('damaged')])
    const target = { storageDir: registry.storageDir, repository: journalRepository('tallyman', 'damaged') }
    damage('layer-half', { ...target, reference: 'run' })
    await expect(all(await open('damaged'))).rejects.toMatchObject({ kind: 'damaged' })
  })

  test('of a repository with a long name lies under a hash of it', async () => {
    const long = `${'a'.repeat(120)}/${'b'.repeat(120)}`
    expect(journalRepository('tallyman', long)).toMatch(/^tallyman\/journals\/[0-9a-f]{40}$/)
    await (await open(long)).append([saved('one')])
    expect(await all(await open(long))).toHaveLength(1)
  })
})
