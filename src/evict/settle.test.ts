import { rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { diedOverwriting } from '#test/harness/died-overwriting.ts'
import { shelfOf } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { StorageLayout } from '#test/harness/storage-layout.ts'
import { digestOf, freshImage, writeUntagged } from '#test/harness/sweeping.ts'
import { historyOfRun, stillEvicted } from './evicted.ts'
import type { Hands } from './hands.ts'
import { type Intent, type Journal, MemoryJournal, type SavedManifest } from './journal.ts'
import { journalOf } from './journal-shelf.ts'
import { journalState } from './journal-state.ts'
import { placeholder } from './placeholder.ts'
import { settle } from './settle.ts'
import { sweep } from './sweep.ts'
import { unfinishedRuns } from './workspace-journal.ts'

// distribution 2.8, where tags go under a placeholder; tags that a sweep left naming nothing are in sweep.test.ts.

const WRITES = ['PUT', 'DELETE', 'POST']
const guard = async () => {
  throw new TallymanError('EVICTION_SUSPENDED', 'spec.suspend is true')
}
/** Nothing is to go any more. */
const stillDoomed = () => false

let site: EvictionSite

/** What was written through the proxy since it had counted `n` requests. */
function writesSince(n: number): string[] {
  const writes = site.proxy.requests.filter((each) => each.n > n && WRITES.includes(each.method))
  return writes.map(({ method, path: where }) => `${method} ${where.split('/').at(-1)}`).sort()
}

beforeAll(async () => {
  site = await startEvictionSite('2.8')
})
afterAll(() => site.stop())

test('S03, S17, S21: where nothing may be deleted every tag gets its own manifest back, and that is all; the rest follows when it may', async () => {
  const journal = new MemoryJournal()
  const { own, stand } = await diedOverwriting(site, 'refused', journal, 'before it arrived')
  expect(await site.tags('refused')).toMatchObject({ a: stand, b: stand })

  const before = site.proxy.count
  const { hands } = site.hands('refused', { journal, guard, stillDoomed })
  await expect(settle(hands)).rejects.toMatchObject({ code: 'EVICTION_SUSPENDED' })
  expect(await site.tags('refused')).toEqual(own)
  expect(writesSince(before)).toEqual(['PUT a', 'PUT b'])
  expect(await site.has('refused', stand)).toBe(true)
  expect((await journalState(journal)).open).toHaveLength(1)

  await settle(site.hands('refused', { journal, stillDoomed }).hands)
  expect(await site.tags('refused')).toEqual(own)
  expect(await site.has('refused', stand)).toBe(false)
  expect((await journalState(journal)).open).toEqual([])
})

test('S17: one that the registry does not take again keeps the others from nothing, and is told of', async () => {
  const journal = new MemoryJournal()
  const { own, stand } = await diedOverwriting(site, 'broken', journal, 'before it arrived')
  const refusal = { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown' }] }
  const mend = site.proxy.rule(
    { kind: 'status', status: 400, body: JSON.stringify(refusal) },
    { method: 'PUT', path: /\/broken\/manifests\/a$/ },
  )
  const { hands } = site.hands('broken', { journal, guard, stillDoomed })
  await expect(settle(hands)).rejects.toMatchObject({
    code: 'DELETE_UNSETTLED',
    message: `broken: a (${own.a}) cannot get back what it named, as the registry does not take that again: something that it names is gone. Push it again, or delete the tag`,
  })
  expect(await site.tags('broken')).toEqual({ ...own, a: stand })
  mend()
  await settle(site.hands('broken', { journal, stillDoomed }).hands)
  expect(await site.tags('broken')).toEqual(own)
})

test('S17: tags that a DELETE left naming nothing get their own manifests back, and no placeholder is written for it', async () => {
  const journal = new MemoryJournal()
  const { own, stand } = await diedOverwriting(site, 'dangling', journal, 'before it arrived')
  const home = new StorageLayout(site.registry.storageDir).repository('dangling')
  await rm(path.join(home, '_manifests/revisions', stand.replace(':', '/')), { recursive: true })
  expect(await site.tags('dangling')).toMatchObject({ a: undefined, b: undefined })

  const before = site.proxy.count
  await settle(site.hands('dangling', { journal, guard, stillDoomed }).hands)
  expect(await site.tags('dangling')).toEqual(own)
  expect(writesSince(before)).toEqual(['PUT a', 'PUT b'])
})

test('S16: what had been deleted when the process died needs no consent to be over', async () => {
  const journal = new MemoryJournal()
  const { own, stand } = await diedOverwriting(site, 'over', journal, 'after it was done')
  const { hands, ended } = site.hands('over', { journal, guard, stillDoomed })
  await settle(hands)
  expect(await site.tags('over')).toEqual({ c: own.c })
  expect(await site.has('over', stand)).toBe(false)
  expect(ended.map(({ tag, outcome }) => `${tag} ${outcome}`)).toEqual(['a untagged', 'b untagged'])
})

/** A kept tag that somebody promotes another one to that names a placeholder: `crane tag REPOSITORY:a c`. */
async function promoteOntoPlaceholder(repository: string, journal: Journal): Promise<void> {
  const [open] = (await journalState(journal)).open
  if (open?.step.action !== 'overwrite') throw new Error('no placeholder stands in for anything')
  await site.direct.putManifest(repository, 'c', placeholder(open.step.nonce), {})
}

test.each([
  ['names', 'followed'],
  ['named, before a DELETE was cut off,', 'followed-dangling'],
] as const)(
  'S43: a kept tag that %s a placeholder does not go with it, and is told of until it is pushed again',
  async (_, repository) => {
    const journal = new MemoryJournal()
    const { own, stand } = await diedOverwriting(site, repository, journal, 'before it arrived')
    await promoteOntoPlaceholder(repository, journal)
    if (repository === 'followed-dangling') {
      const home = new StorageLayout(site.registry.storageDir).repository(repository)
      await rm(path.join(home, '_manifests/revisions', stand.replace(':', '/')), { recursive: true })
    }

    const { hands, ended } = site.hands(repository, { journal })
    await expect(settle(hands)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: `${repository}: c names a placeholder: it was made from a tag that was about to go, and nobody can tell from which. Nothing is deleted here until it is pushed again`,
    })
    expect(await site.tags(repository)).toEqual({ ...own, c: stand })
    expect((await journalState(journal)).open).toHaveLength(1)
    expect(ended).toEqual([])

    await site.direct.putManifest(repository, 'c', await site.direct.getManifest(repository, own.c))
    await settle(hands)
    expect(await site.tags(repository)).toEqual(own)
    expect(await site.has(repository, stand)).toBe(false)
    expect((await journalState(journal)).open).toEqual([])
  },
)

test('S43: one that is promoted in the last moment, and goes along, gets back what it named, also where the tags can not be listed then', async () => {
  const journal = new MemoryJournal()
  const { own } = await diedOverwriting(site, 'late', journal, 'before it arrived')
  const promote = async () => {
    await promoteOntoPlaceholder('late', journal)
    site.proxy.rule({ kind: 'status', status: 403, times: 1 }, { path: /\/late\/tags\/list/ })
  }
  await expect(settle(site.hands('late', { journal, guard: promote }).hands)).rejects.toMatchObject({
    code: 'DELETE_TOOK_TAG',
  })
  expect(await site.tags('late')).toEqual({ c: own.c })
  await settle(site.hands('late', { journal }).hands)
  expect((await journalState(journal)).open).toEqual([])
})

test('S43: so does one where another process has continued the journal meanwhile', async () => {
  const opened = () => journalOf(shelfOf(site), 'continued', 'run', {})
  const journal = await opened()
  const { own } = await diedOverwriting(site, 'continued', journal, 'before it arrived')
  const promote = async () => {
    await promoteOntoPlaceholder('continued', journal)
    await (await opened()).append([{ kind: 'verified', at: 1 }])
  }
  await expect(
    settle(site.hands('continued', { journal: await opened(), guard: promote }).hands),
  ).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
  expect(await site.tags('continued')).toEqual({ c: own.c })
  expect((await journalState(await opened())).open).toEqual([])
})

test('S41: while manifests still go that another process deletes, nothing is settled', async () => {
  const { digests } = writeUntagged(site, 'alive', {
    staying: { kept: freshImage() },
    going: [freshImage(), freshImage()],
  })
  const journal = new MemoryJournal()
  const intent: Intent = { kind: 'intent', id: 'sweep', at: 1, step: { action: 'sweep', digests } }
  await journal.append([intent])
  const clock: Hands['clock'] = {
    ...site.hands('alive').hands.clock,
    sleep: async () => {
      await site.direct.deleteManifest('alive', digests[0] ?? '', {
        guard: async () => undefined,
        audit: () => undefined,
        signal: new AbortController().signal,
      })
    },
  }
  await expect(settle(site.hands('alive', { journal, clock }).hands)).rejects.toMatchObject({
    code: 'DELETE_UNSETTLED',
  })
  expect((await journalState(journal)).open).toEqual([intent])
})

test('S41: what a living run deletes after another process has settled it is known to be gone', async () => {
  const eviction = writeUntagged(site, 'overtaken', {
    staying: { kept: freshImage() },
    going: [freshImage(), freshImage(), freshImage()],
  })
  const shelf = shelfOf(site)
  const opened = () => journalOf(shelf, 'overtaken', 'run', {})
  let consents = 0
  const overtake = async () => {
    consents += 1
    // Of the scratch manifest, of the first one, of the second one.
    if (consents === 3) await settle(site.hands('overtaken', { journal: await opened() }).hands)
  }
  const { hands, ended } = site.hands('overtaken', { journal: await opened(), guard: overtake })
  await expect(sweep(hands, eviction)).rejects.toMatchObject({ code: 'JOURNAL_CONFLICT' })
  for (const digest of eviction.digests) expect(await site.has('overtaken', digest)).toBe(false)
  expect(ended.map(({ digest }) => digest).sort()).toEqual([...eviction.digests].sort())

  const history = await historyOfRun(shelf, 'overtaken', 'run', {})
  expect(history.went.map(({ digest }) => digest).sort()).toEqual([...eviction.digests].sort())
  expect(stillEvicted(history)).toHaveLength(3)
  expect(history.unsettled).toEqual([])
  // The end of what came late is counted once: what is begun next is seen to be open.
  await (await opened()).append([
    { kind: 'intent', id: 'next', at: 2, step: { action: 'sweep', digests: [] } },
  ])
  const place = {
    client: site.direct,
    workspaceRepository: 'tallyman/journals/overtaken',
    repository: 'overtaken',
  }
  expect(await unfinishedRuns(place, {})).toEqual(['run'])
})

test('S16: where others have deleted what was to go later, a tag that names nothing gets its own manifest back', async () => {
  const [mine, stays, theirs] = [freshImage(), freshImage(), freshImage()]
  writeUntagged(site, 'theirs', { staying: { kept: freshImage() }, going: [mine, stays, theirs] })
  site.storage.tag('theirs', digestOf(mine), 'moved')
  for (const image of [mine, theirs]) {
    damage('revision-link-missing', {
      storageDir: site.registry.storageDir,
      repository: 'theirs',
      reference: digestOf(image),
    })
  }
  const journal = new MemoryJournal()
  const digests = [mine, stays, theirs].map(digestOf)
  const manifests = [mine, theirs].map(({ manifest }): SavedManifest => ({ kind: 'manifest', ...manifest }))
  await journal.append([
    ...manifests,
    { kind: 'intent', id: 'sweep', at: 1, step: { action: 'sweep', digests } },
  ])
  await expect(settle(site.hands('theirs', { journal }).hands)).rejects.toMatchObject({
    code: 'DELETE_TOOK_TAG',
  })
  expect(await site.tags('theirs')).toMatchObject({ moved: digestOf(mine) })
})
