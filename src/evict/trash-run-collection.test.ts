import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type EvictionSite, evictionOf, startEvictionSite } from '#test/harness/eviction.ts'
import { executeOn, type TestRun } from '#test/harness/execution.ts'
import {
  beginCollection,
  type CollectionOptions,
  collectGarbage,
  writePadding,
} from '#test/harness/garbage-collection.ts'
import { containerImage, multiPlatformImage } from '#test/harness/images.ts'
import { named, pullProblem } from '#test/harness/pull.ts'
import { journalOf } from './journal-shelf.ts'
import { restore } from './restore.ts'

const COPYING: TestRun = { onEvict: 'Trash' }
/** The copies count as old enough. */
const GOING: TestRun = { onEvict: 'Trash', gcWindowMs: 0 }

describe.each(['2.8', '3'] as const)('S18: a garbage collection of %s in a run with copies', (version) => {
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

  test.each([
    // The older one takes no link of a blob away, and the image that stays until then keeps its content.
    ['a copy', /\/v2\/tallyman\/trash\/.*\/manifests\//, version === '3' ? 'TRASH_UNUSABLE' : undefined],
    ['its journal', /\/v2\/tallyman\/journals\/.*\/manifests\//, 'REGISTRY_ABSENT'],
  ])(
    'before the manifest of %s is written lets nothing go: it is said, and the next call copies',
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
    'with -m, after the tags went and before %s, takes the manifests itself and nothing else',
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

  test('that began before the copies and ends while the run waits takes nothing of them', async () => {
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
