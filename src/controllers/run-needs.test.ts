import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RestoreEntry } from '#controllers/policy-restore.ts'
import type { Evicted, Returned } from '#evict/evicted.ts'
import { EvictedThings } from '#evict/evicted-things.ts'
import type { Hands } from '#evict/hands.ts'
import { journalRepository } from '#evict/journal-artifact.ts'
import { journalOf } from '#evict/journal-shelf.ts'
import { RestorationRecords } from '#evict/restorations.ts'
import { purgeRun } from '#evict/run-purge.ts'
import { copyToTrash, trashBelow } from '#evict/trash.ts'
import { inUseIndex } from '#inventory/in-use-index.ts'
import { evictTags } from '#test/harness/evicted.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { containerImage, imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'
import { RunNeeds } from './run-needs.ts'

const RUN = 'main-20261126t053000-1f2e'
const DAY = 86_400_000
const NAMES = { host: 'registry.local', aliases: [] }
const NO_USE = inUseIndex({ snapshots: [snapshotOf([])] }, NAMES)

function digestOf(letter: string): string {
  return `sha256:${letter.repeat(64)}`
}

const NOTHING = { went: new EvictedThings(), returned: [], unsettled: [] }

describe('what a run took, with copies of it in the trash', () => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite('3')
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const shelf = () => ({ client: site.client, prefix: 'tallyman' })

  /** Two tags went: of an index with its platform, and of a plain image. */
  async function taken(repository: string) {
    const platform = containerImage({ seed: `${repository}/platform` })
    const index = imageIndex('oci', [{ image: platform, platform: LINUX_AMD64 }])
    const plain = containerImage({ seed: `${repository}/plain` })
    const kept = containerImage({ seed: `${repository}/kept` })
    const tags = { v1: index, v2: plain, kept }
    for (const [tag, image] of Object.entries(tags)) site.storage.write(repository, image, tag)
    const journal = await journalOf(shelf(), repository, RUN, {})
    const digests = [index, platform, plain].map(({ manifest }) => manifest.digest)
    await copyToTrash(site.hands(repository, { journal }).hands, trashBelow('tallyman'), digests)
    await evictTags(site, { run: RUN, repository, tags, doomed: ['v1', 'v2'] })
    const lies = (image: TestImage) => site.has(`tallyman/trash/${repository}/1`, image.manifest.digest)
    const lying = () => Promise.all([lies(index), lies(platform), lies(plain)])
    return { index, plain, lying }
  }

  /** By a process that knows nothing of the run but what its journal says. */
  async function purge(
    repository: string,
    entries: () => readonly RestoreEntry[],
    { index = NO_USE, ...more }: Partial<Hands> & { readonly index?: typeof NO_USE } = {},
  ) {
    const needs = new RunNeeds({ known: NOTHING, entries })
    const journal = await journalOf(shelf(), repository, RUN, {})
    const stillDoomed: Hands['stillDoomed'] = (candidate) => needs.lateUse(candidate, index) === undefined
    const { hands } = site.hands(repository, { journal, stillDoomed, ...more })
    const { kind } = await purgeRun(hands, {
      ...{ shelf: shelf(), run: RUN, before: systemClock.now() + DAY, pinnedSince: systemClock.now() + DAY },
      ...{ isAsked: false, learn: needs.learn, remover: async () => site.client },
    })
    return { kind, journals: Object.keys(await site.tags(journalRepository('tallyman', repository))) }
  }

  test('S19: what spec.restore asks for and is not back keeps its copy, with its platforms, and its journal', async () => {
    const { index, lying } = await taken('shop/asked')
    const entries = () => [{ repository: 'shop/*', tag: 'v1' }]
    expect(await purge('shop/asked', entries)).toEqual({ kind: 'needed', journals: [RUN] })
    expect(await lying()).toEqual([true, true, false])
    const sent = site.proxy.requests.filter(({ path }) => {
      return path.startsWith('/v2/tallyman/trash/shop/asked/') && path.includes(index.manifest.digest)
    })
    // It is known before anything goes.
    expect(sent.filter(({ method }) => method === 'HEAD' || method === 'DELETE')).toEqual([])

    const back: Returned = {
      ...{ run: RUN, repository: 'shop/asked', tag: 'v1' },
      ...{ digest: index.manifest.digest, at: systemClock.now() + 1 },
    }
    await new RestorationRecords().add(shelf(), back, [{ kind: 'restored', ...back }], {})
    expect(await purge('shop/asked', entries)).toEqual({ kind: 'gone', journals: [] })
    expect(await lying()).toEqual([false, false, false])
  })

  test('S19: what spec.restore asks for by the time that its copy is about to go stays', async () => {
    const { lying } = await taken('shop/late')
    const entries: RestoreEntry[] = []
    let guards = 0
    const guard = async () => {
      guards += 1
      if (guards === 3) entries.push({ repository: 'shop/late' })
    }
    expect(await purge('shop/late', () => entries.slice(), { guard })).toEqual({
      ...{ kind: 'needed', journals: [RUN] },
    })
    expect(await lying()).toEqual([true, true, true])
  })

  test('S04: what is in use by its tag, or its config, stays, though only the journal knows of either', async () => {
    const { plain, lying } = await taken('shop/used')
    const byTag = inUseIndex({ snapshots: [snapshotOf([imageUse('registry.local/shop/used:v1')])] }, NAMES)
    expect(await purge('shop/used', () => [], { index: byTag })).toEqual({ kind: 'needed', journals: [RUN] })
    expect(await lying()).toEqual([true, true, false])

    const config = plain.blobs.map(({ digest }) => digest)
    const runs = imageUse('old:1', { runningConfigs: config })
    const byConfig = inUseIndex({ snapshots: [snapshotOf([runs])] }, NAMES)
    expect(await purge('shop/used', () => [], { index: byConfig })).toEqual({
      ...{ kind: 'needed', journals: [RUN] },
    })
    expect(await purge('shop/used', () => [])).toEqual({ kind: 'gone', journals: [] })
  })
})

test.each([
  ['by its own digest', { image: `registry.local/app@${digestOf('a')}` }],
  ['by a tag that the run took', { image: 'registry.local/app:v1' }],
])('S04, S09: what belongs to something that is in use %s stays with it', async (_, { image }) => {
  const index = inUseIndex({ snapshots: [snapshotOf([imageUse(image)])] }, NAMES)
  const taken = (digest: string, more: Partial<Evicted>) => ({
    ...{ run: RUN, repository: 'app', at: 1, digest: digestOf(digest) },
    ...more,
  })
  const went = [
    taken('a', { tag: 'v1' }),
    taken('b', { tag: `${digestOf('a').replace(':', '-')}.sig` }),
    taken('c', { subject: digestOf('b') }),
    taken('d', { subject: digestOf('e') }),
  ]
  const needs = new RunNeeds({ known: NOTHING, entries: () => [] })
  await needs.learn('app', { went, returned: [], unsettled: [] })
  const stays = ['a', 'b', 'c', 'd'].filter(
    (name) => needs.lateUse({ repository: 'app', digest: digestOf(name) }, index) !== undefined,
  )
  expect(stays).toEqual(['a', 'b', 'c'])
})

test('S04, S19: what is in use by what another run took stays, and so does its signature in a repository of its own', async () => {
  const image = { run: 'earlier', repository: 'app', tag: 'v1', digest: digestOf('a'), at: 1 }
  const known = { ...NOTHING, went: new EvictedThings([image]) }
  const index = inUseIndex({ snapshots: [snapshotOf([imageUse('registry.local/app:v1')])] }, NAMES)
  const stays = async (repository: string, thing: Evicted) => {
    const needs = new RunNeeds({ known, entries: () => [] })
    await needs.learn(repository, { went: [thing], returned: [], unsettled: [] })
    return [needs.lateUse(thing, index), needs.lateUse(thing, NO_USE)].map((why) => why !== undefined)
  }
  const manifest = { run: RUN, repository: 'app', digest: digestOf('a'), at: 2 }
  expect(await stays('app', manifest)).toEqual([true, false])
  const signature = {
    run: RUN,
    repository: 'signatures',
    digest: digestOf('b'),
    at: 2,
    subject: digestOf('a'),
  }
  expect(await stays('signatures', signature)).toEqual([true, false])
  expect(await stays('signatures', { ...signature, subject: digestOf('c') })).toEqual([false, false])
})

describe('what spec.restore asks for of a run', () => {
  const image: Evicted = { run: 'other', repository: 'app', tag: 'v1', digest: digestOf('a'), at: 1 }
  const signature: Evicted = {
    run: RUN,
    repository: 'app',
    digest: digestOf('b'),
    at: 1,
    subject: image.digest,
  }
  const restore = () => [{ repository: 'app', tag: 'v1' }]
  const took = { went: [signature], returned: [], unsettled: [] }

  test('is also what belongs to something that another run took, until that is back', async () => {
    const went = new EvictedThings([image])
    const needs = new RunNeeds({ known: { ...NOTHING, went }, entries: restore })
    await needs.learn('app', took)
    expect(needs.lateUse(signature, NO_USE)).toMatchObject({ code: 'Restored' })
    const returned = [{ ...image, at: 2 }]
    const later = new RunNeeds({ known: { ...NOTHING, went, returned }, entries: restore })
    await later.learn('app', took)
    expect(later.lateUse(signature, NO_USE)).toBeUndefined()
  })

  test('is not known of what nothing was learned of: that stays', async () => {
    const needs = new RunNeeds({ known: NOTHING, entries: () => [] })
    expect(needs.lateUse(signature, NO_USE)).toMatchObject({ code: 'NotApproved' })
    await needs.learn('app', took)
    expect(needs.lateUse({ ...signature, repository: 'app/else' }, NO_USE)).toBeDefined()
  })
})
