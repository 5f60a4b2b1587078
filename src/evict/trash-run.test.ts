import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { ALL_WENT, END, IMAGES, standingIn, TAGS, writeExecuted } from '#test/harness/executed.ts'
import { executeOn, type TestRun } from '#test/harness/execution.ts'
import {
  beginCollection,
  type CollectionOptions,
  collectGarbage,
  writePadding,
} from '#test/harness/garbage-collection.ts'
import { containerImage, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import { named, pullProblem } from '#test/harness/pull.ts'
import { journalOf } from './journal-shelf.ts'
import { restore } from './restore.ts'

const { platform, doomed, plain } = IMAGES
const digest = (image: TestImage) => image.manifest.digest
const COPYING: TestRun = { onEvict: 'Trash' }
/** The copies count as old enough. */
const GOING: TestRun = { onEvict: 'Trash', gcWindowMs: 0 }

describe.each(['2.8', '3'] as const)('S18: a run with copies on %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  /** A garbage collection goes by the alphabet: it looks at `tallyman/` before it looks at the source. */
  function world(name: string) {
    const repository = `z/${name}`
    const images = {
      index: multiPlatformImage({ seed: name, attestations: true }),
      kept: containerImage({ seed: `${name}/kept` }),
      plain: containerImage({ seed: `${name}/plain` }),
    }
    for (const [tag, image] of Object.entries(images)) site.storage.write(repository, image, tag)
    const eviction = evictionOf(repository, images, ['index', 'plain'])
    const expectPulled = async (...tags: readonly (keyof typeof images)[]) => {
      const { wire } = site.registry
      for (const tag of tags) {
        expect(await named(wire, repository, tag)).toBe(images[tag].manifest.digest)
        expect([tag, await pullProblem(wire, repository, tag)]).toEqual([tag, undefined])
      }
    }
    return {
      repository,
      go: async (run: TestRun) => (await executeOn(site, [eviction], run)).end,
      expectPulled,
      /** What goes has gone, what stays pulls, and after one more collection all that went comes back to the last byte. */
      expectRestorable: async (last: CollectionOptions = { untagged: true }) => {
        expect(Object.keys(await site.tags(repository))).toEqual(['kept'])
        for (const digest of eviction.digests) expect(await site.has(repository, digest)).toBe(false)
        await collectGarbage(site.registry, last)
        await expectPulled('kept')
        const { hands } = site.hands(repository)
        const journal = await journalOf({ client: site.client, prefix: 'tallyman' }, repository, 'run', {})
        for (const binding of eviction.bindings)
          expect(await restore({ ...hands, journal }, binding)).toBe('Restored')
        await expectPulled('index', 'kept', 'plain')
      },
    }
  }

  test('copies first, lets tags go whose digest stays, and the rest only when the copies are old enough', async () => {
    const names = ['trash/a', 'trash/b']
    const evictions = names.map((name) => writeExecuted(site, name))
    const startedAt = Date.now()
    const first = await executeOn(site, evictions, { onEvict: 'Trash' })
    expect(first.end).toMatchObject({ phase: 'WaitingForGarbageCollection', problems: [] })
    expect(first.end.resumesAt).toBeGreaterThan(startedAt + 3_600_000)
    expect(first.end.counts).toMatchObject({ untagged: 2, swept: 0, trashed: 6 })
    // S44: the sample is recorded with what takes away, and not with the copies.
    const journal = await journalOf({ client: site.client, prefix: 'tallyman' }, 'trash/a', 'run', {})
    const kinds: string[] = []
    for await (const { kind } of journal.read()) kinds.push(kind)
    expect(kinds.indexOf('sample')).toBeGreaterThan(kinds.lastIndexOf('trashed'))
    for (const name of names) {
      const { alias: _, ...left } = Object.fromEntries(
        Object.entries(TAGS).map(([tag, image]) => [tag, digest(image)]),
      )
      expect(await site.tags(name)).toEqual(left)
    }
    const again = await executeOn(site, evictions, { onEvict: 'Trash' })
    expect(again.end).toMatchObject({ phase: 'WaitingForGarbageCollection', resumesAt: first.end.resumesAt })

    const second = await executeOn(site, evictions, { onEvict: 'Trash', gcWindowMs: 0 })
    expect(second.end).toMatchObject({ phase: 'Succeeded', resumesAt: undefined })
    expect(second.end.counts).toMatchObject({ untagged: 4, swept: 6 })
    for (const name of names) expect([name, await standingIn(site, name)]).toEqual([name, ALL_WENT])
  })

  test('what is damaged already stays with all that it holds, unless the policy lets it go', async () => {
    const eviction = writeExecuted(site, 'trash/damaged')
    const target = {
      storageDir: site.registry.storageDir,
      repository: 'trash/damaged',
      reference: digest(platform),
    }
    damage('layer-link-missing', target)
    const options = { onEvict: 'Trash', gcWindowMs: 0 } as const
    await executeOn(site, [eviction], options)
    const { end } = await executeOn(site, [eviction], options)
    expect(end.phase).toBe('Partial')
    expect(end.problems.map(({ error }) => error.code)).toEqual(['NOT_RESTORABLE'])
    expect(await site.tags('trash/damaged')).toEqual({ ...END, old: digest(doomed) })
    expect(await site.has('trash/damaged', digest(platform))).toBe(true)

    expect((await executeOn(site, [eviction], { ...options, evictDamaged: true })).end.phase).toBe(
      'Succeeded',
    )
    expect(await standingIn(site, 'trash/damaged')).toEqual(ALL_WENT)
  })

  test('what no tag names waits for its copy too', async () => {
    const extra = containerImage({ seed: 'execution/extra' })
    writeExecuted(site, 'trash/late')
    site.storage.write('trash/late', extra)
    const options = { onEvict: 'Trash', gcWindowMs: 0 } as const
    await executeOn(site, [evictionOf('trash/late', TAGS, ['plain'])], options)
    const more = evictionOf('trash/late', TAGS, ['plain'], [extra])
    const { end } = await executeOn(site, [more], options)
    expect(end.phase).toBe('WaitingForGarbageCollection')
    const isThere = async () =>
      await Promise.all([plain, extra].map((image) => site.has('trash/late', digest(image))))
    expect(await isThere()).toEqual([false, true])
    await executeOn(site, [more], options)
    expect(await isThere()).toEqual([false, false])
  })

  test.each([
    // The older one takes no link of a blob away, and the image that stays until then keeps its content.
    ['a copy', /\/v2\/tallyman\/trash\/.*\/manifests\//, version === '3' ? 'TRASH_UNUSABLE' : undefined],
    ['its journal', /\/v2\/tallyman\/journals\/.*\/manifests\//, 'REGISTRY_ABSENT'],
  ])(
    'lets nothing go where garbage is collected before the manifest of %s is written: it is said, and the next call copies',
    async (what, path, code) => {
      const { go, expectPulled, expectRestorable } = world(`copying/${what.replace(' ', '-')}`)
      const hold = site.proxy.hold({ method: 'PUT', path })
      const copying = go(COPYING)
      await hold.arrived
      await collectGarbage(site.registry)
      hold.release()
      const { phase, problems, counts } = await copying
      expect(problems.map(({ error }) => error.code)).toEqual(code === undefined ? [] : [code])
      expect(phase).toBe(code === undefined ? 'WaitingForGarbageCollection' : 'Partial')
      expect(counts).toMatchObject({ untagged: 0, swept: 0 })
      await expectPulled('index', 'kept', 'plain')
      expect(await go(COPYING)).toMatchObject({ phase: 'WaitingForGarbageCollection', problems: [] })
      expect(await go(GOING)).toMatchObject({ phase: 'Succeeded', counts: { swept: 6 } })
      await expectRestorable()
    },
  )

  test.each([
    ['a DELETE is tried on what was written for that', 1, ['DELETE_UNSAFE']],
    ['the first manifest goes', 2, []],
  ])(
    'loses nothing but what was to go to a collection with -m, after the tags went and before %s',
    async (_, n, codes) => {
      const { repository, go, expectRestorable } = world(`sweeping-${n}`)
      await go(COPYING)
      let left = n
      const guard = async () => {
        if (left === 0 || (await site.tags(repository)).plain !== undefined) return
        left -= 1
        if (left === 0) await collectGarbage(site.registry, { untagged: true })
      }
      const { problems } = await go({ ...GOING, site: { guard } })
      expect(left).toBe(0)
      expect(problems.map(({ error }) => error.code)).toEqual(codes)
      expect(await go(GOING)).toMatchObject({ phase: 'Succeeded', problems: [] })
      await expectRestorable()
    },
  )

  test('loses nothing of them to a collection that began before and ends while it waits', async () => {
    writePadding(site.storage, 'm')
    const early = await beginCollection(site.registry, (said) => said.includes('m/padding'))
    const { go, expectRestorable } = world('waiting')
    expect((await go(COPYING)).phase).toBe('WaitingForGarbageCollection')
    await early.finish()
    expect((await go(COPYING)).phase).toBe('WaitingForGarbageCollection')
    await collectGarbage(site.registry)
    expect(await go(GOING)).toMatchObject({ phase: 'Succeeded', counts: { swept: 6 } })
    // With -m, 2.8 takes no repository without a tag, such as the padding.
    await expectRestorable({ untagged: false })
  })
})
