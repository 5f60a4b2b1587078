import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { Product } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { damage } from '#test/harness/damage.ts'
import { type EvictionSite, evictionOf, sparing, startEvictionSite } from '#test/harness/eviction.ts'
import {
  ALL_WENT,
  END,
  GOING,
  GONE,
  IMAGES,
  NOTHING_WENT,
  standingIn,
  writeExecuted,
} from '#test/harness/executed.ts'
import { executeOn } from '#test/harness/execution.ts'
import { containerImage, imageIndex, LINUX_AMD64, type TestImage } from '#test/harness/images.ts'
import { systemClock } from '#time/clock.ts'
import type { Ended, Eviction } from './eviction.ts'
import { begin } from './intents.ts'
import { journalRepository } from './journal-artifact.ts'
import { journalOf } from './journal-shelf.ts'
import { journalState } from './journal-state.ts'
import { placeholder } from './placeholder.ts'
import { restore } from './restore.ts'
import { copyOf } from './save.ts'

const { platform, doomed, plain, kept } = IMAGES
const digest = (image: TestImage) => image.manifest.digest

describe.each(['2.8', '3'] as const)('a run on %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const world = (repository: string) => writeExecuted(site, repository)

  async function expectEnd(...repositories: readonly string[]): Promise<void> {
    for (const name of repositories) expect([name, await standingIn(site, name)]).toEqual([name, ALL_WENT])
  }

  test('S20: lets go of all tags in every repository before the first manifest goes', async () => {
    const names = ['stages/a', 'stages/b', 'stages/c']
    const { end, lines, progress } = await executeOn(
      site,
      names.map((name) => world(name)),
    )
    expect(end).toMatchObject({
      phase: 'Succeeded',
      problems: [],
      stoppedBy: undefined,
      resumesAt: undefined,
    })
    expect(end.counts).toEqual({ bindings: 9, digests: 9, untagged: 9, swept: 9, spared: 0, trashed: 0 })
    await expectEnd(...names)
    const swept = lines.findIndex(({ reference }) => GONE.includes(reference))
    const untagged = lines.findLastIndex(({ reference }) => GOING.includes(reference))
    expect(untagged).toBeLessThan(swept)
    expect(progress.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['Copying', 'Untagging', 'Sweeping', 'Verifying']),
    )
    expect(progress.at(-1)).toMatchObject({ stage: 'Verifying', left: 0 })
    // What went can be brought back by the name of the run.
    const { hands } = site.hands('stages/b')
    const journal = await journalOf({ client: site.client, prefix: 'tallyman' }, 'stages/b', 'run', {})
    expect(await restore({ ...hands, journal }, { tag: 'old', digest: digest(doomed) })).toBe('Restored')
  })

  test('one repository that cannot be worked on does not keep the others', async () => {
    const names = [
      'isolated/a',
      'isolated/absent',
      'isolated/denied',
      'isolated/unsettled',
      'isolated/null',
      'isolated/z',
    ]
    const evictions = names.map((name) => world(name))
    const at = (name: string) => new RegExp(`/v2/${name}/`)
    site.proxy.rule(
      { kind: 'status', status: 404, body: { errors: [{ code: 'NAME_UNKNOWN' }] } },
      { path: at('isolated/absent') },
    )
    site.proxy.rule(
      { kind: 'status', status: 403, body: { errors: [{ code: 'DENIED' }] } },
      { path: at('isolated/denied') },
    )
    site.proxy.rule(
      {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: '{"name":"x","tags":null}',
      },
      { path: /isolated\/null\/tags\/list/ },
    )
    damage('revision-link-missing', {
      storageDir: site.registry.storageDir,
      repository: 'isolated/unsettled',
      reference: 'kept',
    })
    const { end } = await executeOn(site, evictions, { sample: new Map() })
    site.proxy.clear()
    await expectEnd('isolated/a', 'isolated/z')
    expect(end.phase).toBe('Partial')
    expect(end.problems.map(({ repository, error }) => [repository, error.code])).toEqual(
      expect.arrayContaining([
        ['isolated/denied', 'REGISTRY_FORBIDDEN'],
        ['isolated/absent', 'REGISTRY_ABSENT'],
        ['isolated/null', 'DELETE_UNSETTLED'],
        ['isolated/unsettled', 'DELETE_UNSETTLED'],
      ]),
    )
    for (const name of ['isolated/absent', 'isolated/denied', 'isolated/null'])
      expect([name, await standingIn(site, name)]).toEqual([name, NOTHING_WENT])
  })

  test('stops where the registry is down altogether', async () => {
    const evictions = ['down/a', 'down/b', 'down/c', 'down/d', 'down/e'].map((name) => world(name))
    site.proxy.rule({ kind: 'status', status: 502 }, { path: /\/down\// })
    const { end } = await executeOn(site, evictions)
    expect(end.phase).toBe('Stopped')
    expect(end.stoppedBy?.kind).toBe('unreachable')
    expect(end.problems).toHaveLength(3)
  })

  test('deletes no faster than its client may send', async () => {
    const eviction = world('limited')
    const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    const limits = { concurrency: 8, requestsPerSecond: 4 }
    // Nothing else counts for this one, so that nothing else makes the run last.
    const limited = pool.client({ url: site.proxy.url, limits })
    const startedAt = performance.now()
    const { end, lines } = await executeOn(site, [eviction], { site: { delete: limited } })
    const tookMs = performance.now() - startedAt
    await pool.close()
    expect(end.phase).toBe('Succeeded')
    const sent = lines.filter(({ method }) => method === 'DELETE').length
    expect(tookMs).toBeGreaterThanOrEqual(((sent - 1) * 1_000) / limits.requestsPerSecond)
  })

  test('S03, S21: what forbids it stops it between two requests, and a later call does the rest', async () => {
    const names = ['window/a', 'window/b']
    const evictions = names.map((name) => world(name))
    const told: string[] = []
    const ended = (repository: string, { tag }: Ended) => {
      if (tag !== undefined) told.push(`${repository}:${tag}`)
    }
    let untagged = 0
    for (const code of [
      'EVICTION_WINDOW_ENDED',
      'EVICTION_SUSPENDED',
      'BARRIER_NOT_REACHED',
      'LEADERSHIP_LOST',
    ] as const) {
      let left = 5
      const guard = async () => {
        left -= 1
        if (left < 0) throw new TallymanError(code, 'no more')
      }
      const { end, lines } = await executeOn(site, evictions, { site: { guard }, ended })
      untagged += end.counts.untagged
      // Each tag is watched from then on (S04).
      expect(told.toSorted()).toEqual(await missing(names))
      expect(lines.length).toBeLessThanOrEqual(5)
      expect([end.stoppedBy?.code, end.phase]).toEqual([
        code,
        code === 'EVICTION_WINDOW_ENDED' ? 'Partial' : 'Stopped',
      ])
    }
    const { end } = await executeOn(site, evictions, { ended })
    expect(end.phase).toBe('Succeeded')
    await expectEnd(...names)
    expect(told.toSorted()).toEqual(await missing(names))
    expect(untagged + end.counts.untagged).toBe(told.length)
  })

  /** The tags of these repositories that went. */
  async function missing(repositories: readonly string[]): Promise<string[]> {
    const tags = await Promise.all(repositories.map((name) => site.tags(name)))
    return repositories.flatMap((name, at) =>
      GOING.filter((tag) => tags[at]?.[tag] === undefined).map((tag) => `${name}:${tag}`),
    )
  }

  if (version === '3') {
    test('S04: a tag is told of as soon as it is gone, and counted once', async () => {
      const eviction = world('at-once')
      const held = site.proxy.hold({ method: 'DELETE', path: /\/at-once\/manifests\/plain$/ })
      const told: string[] = []
      const running = executeOn(site, [eviction], { ended: (_, { tag }) => tag && told.push(tag) })
      await held.arrived
      await expect.poll(() => told.toSorted()).toEqual(['alias', 'old'])
      held.release()
      expect((await running).end.counts.untagged).toBe(GOING.length)
      expect(told.toSorted()).toEqual(GOING)
    })
  }

  test('S04: what is pushed, moved or comes into use meanwhile stays whole', async () => {
    const eviction = world('meanwhile')
    const pushed = imageIndex('oci', [{ image: plain, platform: LINUX_AMD64 }])
    let asked = 0
    const guard = async () => {
      asked += 1
      // The capabilities were asked for; now the tags are about to go.
      if (asked !== 3) return
      site.storage.write('meanwhile', pushed, 'pushed')
      site.storage.tag('meanwhile', digest(doomed), 'kept')
    }
    const { end } = await executeOn(site, [eviction], { site: { guard, stillDoomed: sparing('alias') } })
    expect(end.phase).toBe('Succeeded')
    expect(await site.tags('meanwhile')).toEqual({
      alias: digest(kept),
      kept: digest(doomed),
      pushed: digest(pushed),
    })
    for (const each of [kept, doomed, platform, plain, pushed])
      expect(await site.has('meanwhile', digest(each))).toBe(true)
    expect(end.counts).toMatchObject({ untagged: 2, swept: 0, spared: 4 })
  })

  test('S16: finishes first what any other run has left open', async () => {
    const eviction = world('left')
    const shelf = { client: site.client, prefix: 'tallyman' }
    const journal = await journalOf(shelf, 'left', 'earlier', {})
    const { hands } = site.hands('left', { journal })
    const nonce = 'of the earlier run'
    const saved = await copyOf(hands, digest(kept))
    if (typeof saved === 'string') throw new Error(saved)
    const bindings = [{ tag: 'kept', digest: digest(kept) }]
    await begin(hands, { action: 'overwrite', bindings, nonce }, [saved])
    const stand = placeholder(nonce)
    await site.direct.putManifest('left', 'kept', stand)
    const { end } = await executeOn(site, [eviction], { site: { stillDoomed: sparing('kept') } })
    expect(end.phase).toBe('Succeeded')
    await expectEnd('left')
    expect(await site.has('left', stand.digest)).toBe(false)
  })

  test('S15: a tag that was moved onto what goes in that moment is back, and the run stops', async () => {
    const path = new RegExp(`/moved/manifests/(${GONE.join('|')})`)
    const held = site.proxy.hold({ method: 'DELETE', path })
    const told: string[] = []
    const running = executeOn(site, [world('moved')], {
      sample: new Map(),
      harmed: async ({ code }) => void told.push(code),
    })
    const request = await held.arrived
    const moved = request.path.slice(-'sha256:'.length - 64)
    await site.direct.putManifest('moved', 'kept', await site.direct.getManifest('moved', moved))
    held.release()
    expect((await running).end.stoppedBy?.code).toBe('DELETE_TOOK_TAG')
    expect(told).toEqual(['DELETE_TOOK_TAG'])
    expect(await site.tags('moved')).toEqual({ kept: moved })
  })

  test('where a tag cannot go alone, a digest goes with its tags, and a tag whose digest stays is told of', async () => {
    const eviction = world('together')
    const told: string[] = []
    const seen: (readonly [string[], string[]])[] = []
    const guard = async () => {
      seen.push([told.toSorted(), await missing(['together'])])
    }
    const ended = (repository: string, { tag }: Ended) => {
      if (tag !== undefined) told.push(`${repository}:${tag}`)
    }
    const { end, lines } = await executeOn(site, [eviction], { site: { product: 'unknown', guard }, ended })
    expect(end.phase).toBe('Partial')
    // Each tag is watched before the next digest goes (S04).
    for (const [known, gone] of seen) expect(known).toEqual(gone)
    expect(end.problems.map(({ error }) => error.code)).toEqual(['UNTAG_UNSUPPORTED'])
    expect(await site.tags('together')).toEqual({ ...END, alias: digest(kept) })
    for (const each of GONE) expect(await site.has('together', each)).toBe(false)
    expect(lines.some(({ method, reference }) => method === 'PUT' || GOING.includes(reference))).toBe(false)
    const journal = await journalOf({ client: site.client, prefix: 'tallyman' }, 'together', 'run', {})
    expect((await journalState(journal)).removed.tags.map(({ tag }) => tag).sort()).toEqual(['old', 'plain'])
  })

  test('S15: a tag that was moved to a digest keeps it, where that takes its tags along', async () => {
    const eviction = world('together-moved')
    site.storage.tag('together-moved', digest(doomed), 'kept')
    site.storage.tag('together-moved', digest(kept), 'plain')
    const { end } = await executeOn(site, [eviction], { site: { product: 'unknown' } })
    expect(await site.tags('together-moved')).toEqual({
      ...{ alias: digest(kept), kept: digest(doomed), old: digest(doomed), plain: digest(kept) },
    })
    expect(await site.has('together-moved', digest(platform))).toBe(true)
    expect(end.counts).toMatchObject({ swept: 1 })
  })

  // With their digest, which both do alike; by name; and under placeholders, where ten thousand take half a minute: three batches of 1,000.
  const many: readonly (readonly [number, Product])[] =
    version === '2.8'
      ? [
          [10_000, 'unknown'],
          [2_500, 'distribution-2'],
        ]
      : [[10_000, 'distribution-3']]
  test.each(many)(
    '%i tags of one digest go, product %s',
    async (count, product) => {
      const repository = `many/${product}`
      const image = containerImage({ seed: 'execution/many' })
      site.storage.write(repository, image, 'first')
      const tags = Array.from({ length: count }, (_, n) => `build-${n}`)
      for (const tag of tags) site.storage.tag(repository, digest(image), tag)
      site.storage.write(repository, kept, 'kept')
      const names = Object.fromEntries([...tags, 'first'].map((tag) => [tag, image]))
      const eviction = evictionOf(repository, { ...names, kept }, [...tags, 'first'])
      const { direct } = site
      const { end } = await executeOn(site, [eviction], {
        site: { product, pull: direct, push: direct, delete: direct },
      })
      expect(end.counts).toMatchObject({ untagged: count + 1, swept: 1, spared: 0 })
      expect(await site.tags(repository)).toEqual(END)
    },
    240_000,
  )

  test('takes every legal name of a repository and a tag', async () => {
    const name = `a0/b.c_d__e-f--g/${'n'.repeat(180)}`
    const tag = `_A.z-9_${'t'.repeat(121)}`
    const odd: Eviction = { ...evictionOf(name, { [tag]: plain, kept }, [tag]) }
    site.storage.write(name, plain, tag)
    site.storage.write(name, kept, 'kept')
    expect((await executeOn(site, [odd])).end).toMatchObject({ phase: 'Succeeded', problems: [] })
    expect(await site.tags(name)).toEqual(END)
    expect(journalRepository('tallyman', name)).not.toContain('a0/b')
  })
})
