import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { shelfOf } from '#test/harness/evicted.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import { imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'
import { pushManifest } from '#test/harness/push.ts'
import {
  deletedIn,
  diedSweeping,
  digestOf as digest,
  FIRST_DELETE as FIRST,
  freshImage,
  startSweepSite,
  writeSwept,
} from '#test/harness/sweeping.ts'
import { historyOfRun } from './evicted.ts'
import { journalOf } from './journal-shelf.ts'
import { journalState } from './journal-state.ts'
import { sweep } from './sweep.ts'

describe.each(['2.8', '3'] as const)('while others build on what is swept from %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startSweepSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const world = (repository: string, more = 0) => writeSwept(site, repository, more)
  const died = (repository: string, meanwhile: (old: TestImage) => Promise<void>) =>
    diedSweeping(site, repository, meanwhile)

  async function somebodyBuildsOn(repository: string, image: TestImage | undefined, tag = 'built') {
    if (image === undefined) throw new Error('there is no such image')
    const index = imageIndex('oci', [{ image, platform: LINUX_AMD64 }])
    await pushManifest(site.registry, repository, index.manifest, tag)
  }

  test('S47: an index that is pushed while its platform goes has it again, by its digest', async () => {
    const { old, others, eviction } = world('built-on', 2)
    const held = site.proxy.hold(FIRST)
    const { hands, ended } = site.hands('built-on')
    const running = sweep(hands, eviction)
    await held.arrived
    const [first = ''] = deletedIn(site, 'built-on').slice(1)
    await somebodyBuildsOn(
      'built-on',
      [old, ...others].find((image) => digest(image) === first),
    )
    held.release()
    await running
    await site.pull('built-on:built')
    expect(ended.filter(({ outcome }) => outcome !== 'swept')).toEqual([{ digest: first, outcome: 'named' }])
    expect(ended).toHaveLength(3)
    const { open, removed, returned } = await journalState(hands.journal)
    expect([open, removed.digests.includes(first), [...returned]]).toEqual([[], false, [first]])
    // A further try of the run leaves it as well.
    await sweep(hands, eviction)
    await site.pull('built-on:built')
  })

  test('S47: for who reads its journal, that came back, and no harm was done', async () => {
    const { old, eviction } = world('built-told')
    const held = site.proxy.hold(FIRST)
    const shelf = shelfOf(site)
    const journal = await journalOf(shelf, 'built-told', 'run', {})
    const running = sweep(site.hands('built-told', { journal }).hands, eviction)
    await held.arrived
    await somebodyBuildsOn('built-told', old)
    held.release()
    await running
    const { went, returned, unsettled } = await historyOfRun(shelf, 'built-told', 'run', {})
    expect([went, unsettled]).toEqual([[], []])
    expect(returned).toMatchObject([{ digest: digest(old), tag: undefined }])
    expect(returned[0]).not.toHaveProperty('isHarm')
  })

  test('S47: also where the process died before it could see that', async () => {
    const { old, hands, ended, eviction } = await died('built-died', (old) =>
      somebodyBuildsOn('built-died', old),
    )
    expect(await site.has('built-died', digest(old))).toBe(false)
    await sweep(hands, eviction)
    await site.pull('built-died:built')
    expect(ended).toEqual([{ digest: digest(old), outcome: 'named' }])
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: [] } })
  })

  test('S47: where it cannot be written again, what that intent has begun has no end until it is', async () => {
    const { old, eviction } = world('built-refused')
    const held = site.proxy.hold(FIRST)
    const { hands, ended } = site.hands('built-refused')
    const running = sweep(hands, eviction)
    await held.arrived
    await somebodyBuildsOn('built-refused', old)
    const path = new RegExp(`/built-refused/manifests/${digest(old)}`)
    const mend = site.proxy.rule({ kind: 'status', status: 403 }, { method: 'PUT', path })
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
    expect((await journalState(hands.journal)).open).toHaveLength(1)
    mend()
    await sweep(hands, eviction)
    await site.pull('built-refused:built')
    expect(ended).toEqual([{ digest: digest(old), outcome: 'named' }])
  })

  test.each([
    [1, []],
    // Also where it is looked for once more.
    [2, [{ kind: 'intent' }]],
  ])(
    'S47: where the index cannot be read %i times, it has its platform all the same in the end',
    async (times, open) => {
      const repository = `built-unread-${times}`
      const { old, others, eviction } = world(repository, 1)
      const held = site.proxy.hold(FIRST)
      const { hands } = site.hands(repository)
      const running = sweep(hands, eviction)
      await held.arrived
      const [first = ''] = deletedIn(site, repository).slice(1)
      await somebodyBuildsOn(
        repository,
        [old, ...others].find((image) => digest(image) === first),
      )
      const { built } = await site.tags(repository)
      const path = new RegExp(`/${repository}/manifests/${built}`)
      site.proxy.rule({ kind: 'status', status: 403, times }, { method: 'GET', path })
      held.release()
      await expect(running).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
      expect((await journalState(hands.journal)).open).toMatchObject(open)
      await sweep(hands, eviction)
      await site.pull(`${repository}:built`)
    },
  )

  test('S47: a tag that is moved onto such an index has its platform once all tags are asked again', async () => {
    const { old, eviction } = world('rebuilt', 1)
    const held = site.proxy.hold(FIRST)
    const { hands } = site.hands('rebuilt')
    const running = sweep(hands, { ...eviction, digests: [digest(old)] })
    await held.arrived
    await somebodyBuildsOn('rebuilt', old, 'stable')
    held.release()
    await running
    expect(await site.has('rebuilt', digest(old))).toBe(false)
    await sweep(hands, eviction)
    await site.pull('rebuilt:stable')
  })

  test('S15, S47: what a dead process took along is told, whatever keeps from reading what is new', async () => {
    const { old, hands, eviction } = await died('built-along', (old) =>
      pushManifest(site.registry, 'built-along', old.manifest, 'kept'),
    )
    const index = imageIndex('oci', [{ image: freshImage() }])
    site.storage.write('built-along', index, 'built')
    const path = new RegExp(`/built-along/manifests/${index.manifest.digest}`)
    site.proxy.rule({ kind: 'status', status: 403, times: 1 }, { method: 'GET', path })
    await expect(sweep(hands, eviction)).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
    await expect(sweep(hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: expect.stringContaining('kept is missing'),
    })
    expect(await site.has('built-along', digest(old))).toBe(true)
  })
})
