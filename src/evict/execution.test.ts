import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import type { Product } from '#registry/client.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
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
import type { Ended, Eviction } from './eviction.ts'
import { begin } from './intents.ts'
import { journalRepository } from './journal-artifact.ts'
import { journalOf } from './journal-shelf.ts'
import { journalState } from './journal-state.ts'
import { placeholder } from './placeholder.ts'
import { RestorationRecords } from './restorations.ts'
import { restore } from './restore.ts'
import { openSample } from './sample-record.ts'
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

  test('what stays and is not whole any more stops the run, and brings back what it took there', async () => {
    const names = ['harmed/a', 'harmed/b']
    const evictions = names.map((name) => world(name))
    const storageDir = site.registry.storageDir
    let isDone = false
    const guard = async () => {
      if (isDone) return
      isDone = (await site.tags('harmed/a')).plain === undefined
      if (isDone)
        damage('layer-link-missing', { storageDir, repository: 'harmed/a', reference: digest(kept) })
    }
    const { end } = await executeOn(site, evictions, { site: { guard } })
    expect(end).toMatchObject({ phase: 'Stopped', stoppedBy: { code: 'EVICTION_HARMED' } })
    expect(await site.tags('harmed/a')).toMatchObject({ old: digest(doomed), plain: digest(plain) })
    expect(await site.has('harmed/a', digest(platform))).toBe(true)
    for (const each of GONE) expect(await site.has('harmed/b', each)).toBe(true)
  })

  test('S38: so does a tag that stays and names nothing any more, whoever took it', async () => {
    const eviction = world('unnamed')
    let isDone = false
    const guard = async () => {
      if (isDone) return
      isDone = (await site.tags('unnamed')).plain === undefined
      if (isDone)
        damage('tag-gone', {
          storageDir: site.registry.storageDir,
          repository: 'unnamed',
          reference: 'kept',
        })
    }
    const { end } = await executeOn(site, [{ ...eviction, digests: [] }, world('unnamed/z')], {
      site: { guard },
    })
    expect(end).toMatchObject({
      phase: 'Stopped',
      stoppedBy: {
        code: 'EVICTION_HARMED',
        message: expect.stringContaining('its tag names nothing any more'),
      },
    })
    expect(await site.tags('unnamed')).toMatchObject({ old: digest(doomed), plain: digest(plain) })
  })

  /** Consents until a tag has gone; then `meanwhile` happens, and nothing more may go. */
  function stopping(repository: string, code: ErrorCode, meanwhile: () => void = () => undefined) {
    let isDone = false
    return async () => {
      if (!isDone && (await site.tags(repository)).plain !== undefined) return
      if (!isDone) meanwhile()
      isDone = true
      throw new TallymanError(code, 'no more')
    }
  }

  const harm = (repository: string, kind: DamageKind) => () =>
    void damage(kind, { storageDir: site.registry.storageDir, repository, reference: 'kept' })

  test.each([
    ['stopped', 'BARRIER_NOT_REACHED'],
    // Somebody else's work was told to stop, as that of a watch, and not this run.
    ['given-up', 'CANCELLED'],
  ] as const)(
    'S44: what stays is looked at whatever stops a run, in every repository (%s)',
    async (name, code) => {
      const names = ['a', 'b', 'c'].map((each) => `${name}/${each}`)
      const [a = '', b = '', c = ''] = names
      const evictions = names.map((each) => world(each))
      const guard = stopping(c, code, () => {
        harm(a, 'layer-link-missing')()
        harm(c, 'tag-gone')()
      })
      const told: [string, string | undefined][] = []
      const harmed = async ({ message }: TallymanError) =>
        void told.push([message, (await site.tags(c)).plain])
      const { end } = await executeOn(site, evictions, { site: { guard }, harmed })
      expect(end).toMatchObject({ phase: 'Stopped', stoppedBy: { code: 'EVICTION_HARMED' } })
      expect(end.stoppedBy?.message).toContain(a)
      // Of the first harm at once, before the rest is looked at (S04).
      expect(told).toEqual([[end.stoppedBy?.message, undefined]])
      expect(end.problems.map(({ repository, error }) => [repository, error.code])).toEqual([
        [c, 'EVICTION_HARMED'],
      ])
      for (const each of [a, c])
        expect(await site.tags(each)).toMatchObject({ old: digest(doomed), plain: digest(plain) })
      expect((await site.tags(b)).plain).toBeUndefined()
    },
  )

  test.each(['cut-off', 'cut-off-unlisted'])(
    'S44: harm done before a process was cut off is found by the one that goes on (%s)',
    async (repository) => {
      const eviction = world(repository)
      const guard = stopping(repository, 'LEADERSHIP_LOST', harm(repository, 'layer-link-missing'))
      const first = await executeOn(site, [eviction], { site: { guard } })
      expect(first.end.stoppedBy?.code).toBe('LEADERSHIP_LOST')
      // It comes not so far there as to take a sample of its own.
      site.proxy.rule({ kind: 'status', status: 403 }, { path: /v2\/cut-off-unlisted\/tags\/list/ })
      const { end } = await executeOn(site, [eviction])
      site.proxy.clear()
      expect(end).toMatchObject({ phase: 'Stopped', stoppedBy: { code: 'EVICTION_HARMED' } })
      expect(await site.tags(repository)).toMatchObject({ old: digest(doomed), plain: digest(plain) })
    },
  )

  test('S44: that a sample could not be looked at is told beside what no other try gets past', async () => {
    const eviction = world('unlooked')
    let isDone = false
    const guard = async () => {
      if (isDone || (await site.tags('unlooked')).plain !== undefined) return
      isDone = true
      site.proxy.rule({ kind: 'status', status: 403 }, { method: 'DELETE', path: /v2\/unlooked\// })
      const path = new RegExp(`v2/unlooked/manifests/${digest(kept)}`)
      site.proxy.rule({ kind: 'status', status: 401 }, { path })
    }
    const { end } = await executeOn(site, [eviction], { site: { guard } })
    site.proxy.clear()
    const told = end.problems.map(({ error }) => [error.code, error.entry.retry])
    expect(told).toEqual([
      ['REGISTRY_FORBIDDEN', 'never'],
      ['REGISTRY_UNAUTHORIZED', 'backoff'],
    ])
    harm('unlooked', 'layer-link-missing')()
    expect((await executeOn(site, [eviction])).end.stoppedBy?.code).toBe('EVICTION_HARMED')
  })

  test('S44: a call looks where it has come to, and everywhere where the run is over', async () => {
    const evictions = ['met/a', 'met/z'].map((name) => world(name))
    const cutOff = stopping('met/z', 'LEADERSHIP_LOST', () => {
      harm('met/a', 'layer-link-missing')()
      harm('met/z', 'tag-gone')()
    })
    await executeOn(site, evictions, { site: { guard: cutOff } })
    const stopped = async () => {
      throw new TallymanError('BARRIER_NOT_REACHED', 'no more')
    }
    const asked = site.proxy.counter({ path: /\/journals\/met\/[az]\// })
    const { end } = await executeOn(site, [world('met/0'), ...evictions], { site: { guard: stopped } })
    expect([end.stoppedBy?.code, end.problems, asked.count]).toEqual(['BARRIER_NOT_REACHED', [], 0])
    const last = await executeOn(site, evictions, { site: { guard: stopped } })
    expect(last.end.stoppedBy?.code).toBe('EVICTION_HARMED')
    expect(last.end.stoppedBy?.message).toContain('met/a')
    expect(last.end.problems.map(({ repository, error }) => [repository, error.code])).toEqual([
      ['met/z', 'EVICTION_HARMED'],
    ])
  })

  test.each([
    ['stopped', 'Stopped'],
    ['done', 'Succeeded'],
    // What is about to go is recorded, which nobody learns: nothing is sent.
    ['unanswered', 'Partial'],
  ] as const)(
    'S44: what others delete between two calls of a run is no harm where the first was looked at (%s)',
    async (name, phase) => {
      const repository = `between/${name}`
      const eviction = world(repository)
      const stopped = phase === 'Stopped' ? { guard: stopping(repository, 'BARRIER_NOT_REACHED') } : {}
      const lastByte = { method: 'GET', path: /journals\/between\/unanswered\/blobs\/sha256/ }
      site.proxy.rule({ kind: 'status', status: 403, times: 1 }, lastByte)
      expect((await executeOn(site, [eviction], { site: stopped })).end.phase).toBe(phase)
      harm(repository, 'tag-gone')()
      expect((await executeOn(site, [eviction])).end.phase).toBe('Succeeded')
    },
  )

  test.each([
    ['goes-on', undefined, ['JOURNAL_CONFLICT']],
    ['stopped', 'BARRIER_NOT_REACHED', []],
  ] as const)(
    'S44: a run whose journal another process goes on with leaves it open there what was whole, whatever else stops it (%s)',
    async (name, stop, problems) => {
      const repository = `taken-over/${name}`
      const eviction = world(repository)
      const other = () => journalOf({ client: site.direct, prefix: 'tallyman' }, repository, 'run', {})
      let isDone = false
      const guard = async () => {
        if (isDone && stop !== undefined) throw new TallymanError(stop, 'no more')
        if (isDone || (await site.has(repository, digest(doomed)))) return
        isDone = true
        await (await other()).append([{ kind: 'restored', at: 1, digest: digest(kept) }])
      }
      const { end } = await executeOn(site, [eviction], { site: { guard } })
      expect(end.stoppedBy?.code).toBe(stop)
      expect(end.problems.map(({ error }) => error.code)).toEqual(problems)
      expect((await openSample(await other()))?.whole).toEqual([{ tag: 'kept', digest: digest(kept) }])
    },
  )

  test('S38: a tag that named nothing before the run is no loss, as long as its digest is there', async () => {
    const eviction = world('unnamed-before')
    const sample = new Map([['unnamed-before', [{ tag: 'gone', digest: digest(kept) }]]])
    expect((await executeOn(site, [eviction], { sample })).end.phase).toBe('Succeeded')
  })

  test('S38: what is brought back while a run goes on is looked at, too', async () => {
    const eviction = world('returned')
    const storageDir = site.registry.storageDir
    const records = new RestorationRecords()
    const shelf = { client: site.direct, prefix: 'tallyman' }
    let isDone = false
    const guard = async () => {
      if (isDone) return
      isDone = (await site.tags('returned')).plain === undefined
      if (!isDone) return
      const back = { kind: 'restored', at: Date.now(), tag: 'plain', digest: digest(plain) } as const
      await records.add(shelf, { repository: 'returned', run: 'run' }, [back], {})
      site.storage.tag('returned', digest(plain), 'plain')
      damage('layer-link-missing', { storageDir, repository: 'returned', reference: digest(plain) })
    }
    const { end } = await executeOn(site, [{ ...eviction, digests: [] }, world('returned/z')], {
      site: { guard },
    })
    expect(end).toMatchObject({
      stoppedBy: {
        code: 'EVICTION_HARMED',
        message: expect.stringContaining(`returned:plain (${digest(plain)})`),
      },
    })
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

  test('what was damaged before the run alarms nobody', async () => {
    const eviction = world('damaged-before')
    damage('layer-link-missing', {
      storageDir: site.registry.storageDir,
      repository: 'damaged-before',
      reference: digest(kept),
    })
    expect((await executeOn(site, [eviction])).end.phase).toBe('Succeeded')
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
