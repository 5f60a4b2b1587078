import { rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { diedOverwriting } from '#test/harness/died-overwriting.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { StorageLayout } from '#test/harness/storage-layout.ts'
import { MemoryJournal } from './journal.ts'
import { journalState } from './journal-state.ts'
import { settle } from './settle.ts'

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
