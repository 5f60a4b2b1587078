import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import { collectGarbage } from '#test/harness/garbage-collection.ts'
import type { TestImage } from '#test/harness/images.ts'
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
import type { Hands } from './hands.ts'
import { MemoryJournal } from './journal.ts'
import { journalState } from './journal-state.ts'
import { sweep } from './sweep.ts'
import { copyToTrash } from './trash.ts'

describe.each(['2.8', '3'] as const)('while others work in a repository of %s that is swept', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startSweepSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const world = (repository: string, more = 0) => writeSwept(site, repository, more)
  const died = (repository: string, meanwhile: (old: TestImage) => Promise<void>) =>
    diedSweeping(site, repository, meanwhile)

  async function somebodyDeletes(repository: string, reference: string): Promise<void> {
    const path = `/v2/${repository}/manifests/${reference}`
    expect(await site.registry.wire.send({ method: 'DELETE', path })).toMatchObject({ status: 202 })
  }

  test('S37: a tag that somebody deletes with its own manifest is not written again; what was swept is there by its digest', async () => {
    const { old, stable, kept, eviction } = world('by-digest')
    const held = site.proxy.hold(FIRST)
    const { hands } = site.hands('by-digest')
    const running = sweep(hands, eviction)
    await held.arrived
    await somebodyDeletes('by-digest', digest(stable))
    held.release()
    await expect(running).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: `by-digest: stable is missing and is not written again: somebody else has deleted it, or had just moved onto ${digest(old)}, which is there again by its digest: push the tag if it is to name that`,
    })
    expect(await site.tags('by-digest')).toEqual({ kept: digest(kept) })
    expect(await site.has('by-digest', digest(old))).toBe(true)
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: [] } })
  })

  test('S37: what somebody promoted in the last moment, and whose tag named what they deleted then, is there by its digest', async () => {
    const { old, stable, kept, eviction } = world('promoted')
    const held = site.proxy.hold(FIRST)
    const { hands, ended } = site.hands('promoted')
    const running = sweep(hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'promoted', old.manifest, 'stable')
    await somebodyDeletes('promoted', digest(stable))
    held.release()
    await expect(running).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: expect.stringContaining(`moved onto ${digest(old)}, which is there again`),
    })
    expect(await site.tags('promoted')).toEqual({ kept: digest(kept) })
    expect(await site.has('promoted', digest(old))).toBe(true)
    expect(ended).toEqual([])
  })

  test('S37: where another tag was moved in that moment, that one is back, and both are told of', async () => {
    const { old, stable, kept, eviction } = world('both')
    const held = site.proxy.hold(FIRST)
    const { hands } = site.hands('both')
    const running = sweep(hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'both', old.manifest, 'kept')
    await somebodyDeletes('both', digest(stable))
    held.release()
    const told = await running.catch((error: unknown) => error)
    expect(told).toMatchObject({
      code: 'DELETE_TOOK_TAG',
      message: `both: kept went although nobody wanted it; put back: kept; stable is missing and is not written again: somebody else has deleted it, or had just moved onto ${digest(old)}, which is there again by its digest: push the tag if it is to name that`,
    })
    expect(await site.tags('both')).toEqual({ kept: digest(old) })
    expect(await site.has('both', digest(kept))).toBe(true)
    // Told once.
    await sweep(hands, eviction)
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: [] } })
  })

  test('S37: what somebody else deleted may have named is there by its digest, also where the moved tag was pushed again', async () => {
    const { old, stable, kept, eviction } = world('pushed-again')
    const held = site.proxy.hold(FIRST)
    const again = site.proxy.hold({ method: 'HEAD', path: /\/pushed-again\/manifests\/kept/, nth: 2 })
    const { hands } = site.hands('pushed-again')
    const running = sweep(hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'pushed-again', old.manifest, 'kept')
    await somebodyDeletes('pushed-again', digest(stable))
    held.release()
    await again.arrived
    await pushManifest(site.registry, 'pushed-again', kept.manifest, 'kept')
    again.release()
    await expect(running).rejects.toMatchObject({
      code: 'DELETE_TOOK_TAG',
      message: expect.stringMatching(/put back: none; not known what they named: kept; stable is missing/),
    })
    expect(await site.tags('pushed-again')).toEqual({ kept: digest(kept) })
    expect(await site.has('pushed-again', digest(old))).toBe(true)
  })

  test('S37: where its DELETE was cut off, too, the next run looks after it', async () => {
    const { old, stable, kept, eviction } = world('cut')
    const held = site.proxy.hold(FIRST)
    site.proxy.rule({ kind: 'drop', times: 1 }, FIRST)
    const { hands } = site.hands('cut')
    const running = sweep(hands, eviction)
    await held.arrived
    await somebodyDeletes('cut', digest(stable))
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSETTLED' })
    expect((await journalState(hands.journal)).open).toHaveLength(1)
    await sweep(hands, eviction)
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: [] } })
    expect(await site.tags('cut')).toEqual({ kept: digest(kept) })
    expect(await site.has('cut', digest(old))).toBe(true)
  })

  test('S15: one that was moved onto it in the last moment comes back, and nobody can tell it from one deleted by its name', async () => {
    const { old, kept, eviction } = world('by-push')
    const held = site.proxy.hold(FIRST)
    const { hands } = site.hands('by-push')
    const running = sweep(hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'by-push', old.manifest, 'stable')
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags('by-push')).toEqual({ kept: digest(kept), stable: digest(old) })
    await sweep(hands, eviction)
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: [] } })
  })

  test('S15: a tag that is new right before the DELETE keeps what it names', async () => {
    const { old, others, eviction } = world('new', 2)
    let looks = 0
    const guard = async () => {
      looks += 1
      // Of the scratch manifest, of the first one, of the second one.
      if (looks === 3) await pushManifest(site.registry, 'new', second.manifest, 'new')
    }
    const [, second = old] = [old, ...others]
    const { hands, ended } = site.hands('new', { guard })
    await sweep(hands, { ...eviction, digests: [digest(old), digest(second)] })
    expect(await site.tags('new')).toMatchObject({ new: digest(second) })
    expect(ended).toContainEqual({ digest: digest(second), outcome: 'named' })
  })

  test('S15: a tag that is new right before the DELETE and names nothing keeps it from being sent', async () => {
    const { old, eviction } = world('nameless')
    let looks = 0
    const guard = async () => {
      looks += 1
      // Of the scratch manifest, of the first one.
      if (looks === 2) site.storage.tag('nameless', digest(freshImage()), 'odd')
    }
    const { hands } = site.hands('nameless', { guard })
    await expect(sweep(hands, eviction)).rejects.toMatchObject({ code: 'DELETE_UNSETTLED' })
    expect(await site.has('nameless', digest(old))).toBe(true)
  })

  test('S15: so does one that is pushed while the manifest is read', async () => {
    const { old, eviction } = world('read')
    const held = site.proxy.hold({
      method: 'GET',
      path: new RegExp(`/read/manifests/${digest(old)}`),
      nth: 2,
    })
    const running = sweep(site.hands('read').hands, eviction)
    await held.arrived
    await pushManifest(site.registry, 'read', old.manifest, 'new')
    held.release()
    await running
    expect(await site.tags('read')).toMatchObject({ new: digest(old) })
  })

  /** Somebody pushes an index over `image`. */
  test('one list a DELETE, and one after the last', async () => {
    const { eviction } = world('lists', 3)
    const lists = site.proxy.counter({ path: /\/lists\/tags\/list/ })
    await sweep(site.hands('lists').hands, eviction)
    expect(lists.count).toBe(2 + eviction.digests.length + 1)
  })

  test('S15: what went along with the last DELETE gets back what it named where the next one is refused', async () => {
    const { old, kept, eviction } = world('refused', 1)
    const refusal = new TallymanError('EVICTION_SUSPENDED', 'suspended')
    let looks = 0
    const guard = async () => {
      looks += 1
      if (looks === 3) throw refusal
    }
    const held = site.proxy.hold(FIRST)
    const { hands } = site.hands('refused', { guard })
    const running = sweep(hands, { ...eviction, digests: [digest(old), ...eviction.digests] })
    await held.arrived
    const [, first = ''] = deletedIn(site, 'refused')
    await site.direct
      .getManifest('refused', first)
      .then((manifest) => site.direct.putManifest('refused', 'stable', manifest))
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(await site.tags('refused')).toEqual({ kept: digest(kept), stable: first })
  })

  test('where a DELETE is refused, what went before it has an end', async () => {
    const { eviction } = world('half-way', 1)
    const refusal = new TallymanError('EVICTION_SUSPENDED', 'suspended')
    let looks = 0
    const guard = async () => {
      looks += 1
      if (looks === 3) throw refusal
    }
    const { hands, ended } = site.hands('half-way', { guard })
    await expect(sweep(hands, eviction)).rejects.toBe(refusal)
    expect(ended).toMatchObject([{ outcome: 'swept' }])
    expect((await journalState(hands.journal)).open).toEqual([])
  })

  /** A clock by which each DELETE takes seconds to come. */
  function slowClock(): Hands['clock'] {
    let now = 0
    return { ...site.hands('slow').hands.clock, monotonic: () => (now += 600) }
  }

  test('S15: where DELETEs come slowly, tags are counted right after each', async () => {
    const { eviction } = world('slow', 2)
    const clock = slowClock()
    let looks = 0
    const guard = async () => {
      looks += 1
    }
    const held = site.proxy.hold({ method: 'DELETE', nth: 3 })
    const { hands } = site.hands('slow', { guard, clock, journal: new MemoryJournal() })
    const running = sweep(hands, eviction)
    await held.arrived
    const before = looks
    const [, , second = ''] = deletedIn(site, 'slow')
    await site.direct
      .getManifest('slow', second)
      .then((manifest) => site.direct.putManifest('slow', 'stable', manifest))
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_TOOK_TAG' })
    expect(looks).toBe(before)
    expect(await site.tags('slow')).toMatchObject({ stable: second })
  })

  test('S16: a tag that is pushed while its manifest goes, and then names nothing, has it again', async () => {
    const { eviction } = world('pushed-late', 2)
    const held = site.proxy.hold({ method: 'DELETE', nth: 3 })
    const { hands } = site.hands('pushed-late')
    const running = sweep(hands, eviction)
    await held.arrived
    const gone = deletedIn(site, 'pushed-late').at(-1) ?? ''
    const listed = site.proxy.hold({ method: 'GET', path: /\/pushed-late\/tags\/list/ })
    held.release()
    await listed.arrived
    // Registries write the manifest first and then the tag: the DELETE came between.
    site.storage.tag('pushed-late', gone, 'late')
    listed.release()
    await expect(running).rejects.toMatchObject({
      code: 'DELETE_TOOK_TAG',
      message: expect.stringContaining('put back: late'),
    })
    await site.pull('pushed-late:late')
    // What a further try of the run makes of it.
    await sweep(hands, eviction)
    await site.pull('pushed-late:late')
    const { open, removed } = await journalState(hands.journal)
    expect([open, removed.digests.includes(gone)]).toEqual([[], false])
  })

  test('S04: what went is recorded and told, whatever that count brings to light', async () => {
    const { eviction } = world('slow-told', 2)
    const held = site.proxy.hold({ method: 'DELETE', nth: 3 })
    const { hands, ended } = site.hands('slow-told', { clock: slowClock() })
    const running = sweep(hands, eviction)
    await held.arrived
    site.storage.tag('slow-told', digest(freshImage()), 'dangling')
    held.release()
    await expect(running).rejects.toMatchObject({ code: 'DELETE_UNSETTLED' })
    // The last one may be what that tag names, and is there again.
    expect(ended.map(({ outcome }) => outcome)).toEqual(['swept', 'named'])
    const told = ended.flatMap(({ digest, outcome }) => (outcome === 'swept' ? digest : []))
    for (const each of eviction.digests) expect(await site.has('slow-told', each)).toBe(!told.includes(each))
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: told } })
  })

  test('S37: where a process died before it had counted the tags, one that is missing is told of once, and what went last is there again', async () => {
    const { old, kept, hands, ended, eviction } = await died('killed', (old) =>
      pushManifest(site.registry, 'killed', old.manifest, 'stable'),
    )
    expect(await site.tags('killed')).toEqual({ kept: digest(kept) })
    expect(await site.has('killed', digest(old))).toBe(false)
    await expect(sweep(hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: expect.stringContaining(`stable is missing and is not written again`),
    })
    expect(await site.has('killed', digest(old))).toBe(true)
    expect(ended).toEqual([])
    await sweep(hands, eviction)
    const { open, removed } = await journalState(hands.journal)
    expect({ open, removed }).toEqual({ open: [], removed: { tags: [], digests: [] } })
  })

  test.each([
    ['a new tag', 'pushed-again', 'new'],
    ['a tag that was there all the time', 'moved-again', 'kept'],
  ])(
    'S37: so is one where somebody has pushed its manifest again by %s before anybody looked',
    async (_, repository, tag) => {
      const { old, hands, eviction } = await died(repository, (old) =>
        pushManifest(site.registry, repository, old.manifest, 'stable'),
      )
      await pushManifest(site.registry, repository, old.manifest, tag)
      await expect(sweep(hands, eviction)).rejects.toMatchObject({
        code: 'DELETE_UNSETTLED',
        message: expect.stringMatching(new RegExp(`stable is missing .*${digest(old)}`)),
      })
      // Once.
      await sweep(hands, eviction)
      await site.pull(`${repository}:${tag}`)
    },
  )

  test('S37: where the registry does not take it again it is told of once, too, and what had begun has an end', async () => {
    const { old, hands, ended, eviction } = await died('collected', (old) =>
      pushManifest(site.registry, 'collected', old.manifest, 'stable'),
    )
    await collectGarbage(site.registry)
    await expect(sweep(hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: `collected: stable is missing or names nothing, and nobody knows what it named; the registry does not take ${digest(old)} again, as something that it names is gone: push it again if it is to be there`,
    })
    expect(ended).toContainEqual({ digest: digest(old), outcome: 'swept' })
    await sweep(hands, eviction)
    expect((await journalState(hands.journal)).open).toEqual([])
  })

  test('S37: so it is where all that it names is there', async () => {
    const { old, hands, eviction } = await died('refused', (old) =>
      pushManifest(site.registry, 'refused', old.manifest, 'stable'),
    )
    const refusal = { errors: [{ code: 'MANIFEST_INVALID', message: 'not any more' }] }
    site.proxy.rule(
      { kind: 'status', status: 400, body: JSON.stringify(refusal) },
      { method: 'PUT', path: new RegExp(`/refused/manifests/${digest(old)}`) },
    )
    await expect(sweep(hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: expect.stringContaining(`the registry does not take ${digest(old)} again`),
    })
    expect((await journalState(hands.journal)).open).toEqual([])
  })

  test('S37: where the trash has what it names it is there again all the same', async () => {
    const { old, hands, eviction } = await died('copied', (old) =>
      pushManifest(site.registry, 'copied', old.manifest, 'stable'),
    )
    // The copy was made before: it was whole until then.
    site.storage.write('copied', old)
    await copyToTrash(hands, { prefix: 'tallyman/trash' }, [digest(old)])
    const path = `/v2/copied/manifests/${digest(old)}`
    expect(await site.registry.wire.send({ method: 'DELETE', path })).toMatchObject({ status: 202 })
    await collectGarbage(site.registry)
    await expect(sweep(hands, eviction)).rejects.toMatchObject({
      code: 'DELETE_UNSETTLED',
      message: expect.stringContaining(`stable is missing and is not written again`),
    })
    expect(await site.pull(`copied@${digest(old)}`)).toContain(digest(old))
  })

  test('S04: a tag that was to go with it has gone, and is not missed', async () => {
    const { old, hands, ended, eviction } = await diedSweeping(site, 'with-tag', async () => undefined, 'old')
    await pushManifest(site.registry, 'with-tag', old.manifest, 'new')
    await sweep(hands, eviction)
    expect(ended).toContainEqual({ tag: 'old', digest: digest(old), outcome: 'untagged' })
    await site.pull('with-tag:new')
  })

  test('S37: where no tag is missing, what went stays away', async () => {
    const { old, hands, ended, eviction } = await died('whole', async () => undefined)
    await sweep(hands, eviction)
    expect(ended).toEqual([{ digest: digest(old), outcome: 'swept' }])
    expect(await site.has('whole', digest(old))).toBe(false)
  })
})
