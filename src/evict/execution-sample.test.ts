import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { type EvictionSite, startEvictionSite } from '#test/harness/eviction.ts'
import { GONE, IMAGES, writeExecuted } from '#test/harness/executed.ts'
import { executeOn } from '#test/harness/execution.ts'
import type { TestImage } from '#test/harness/images.ts'
import { journalOf } from './journal-shelf.ts'
import { RestorationRecords } from './restorations.ts'
import { openSample } from './sample-record.ts'

const { platform, doomed, plain, kept } = IMAGES
const digest = (image: TestImage) => image.manifest.digest

describe.each(['2.8', '3'] as const)('the sample of a run on %s', (version) => {
  let site: EvictionSite

  beforeAll(async () => {
    site = await startEvictionSite(version)
  })
  afterEach(() => site.proxy.clear())
  afterAll(() => site.stop())

  const world = (repository: string) => writeExecuted(site, repository)

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

  test('what was damaged before the run alarms nobody', async () => {
    const eviction = world('damaged-before')
    damage('layer-link-missing', {
      storageDir: site.registry.storageDir,
      repository: 'damaged-before',
      reference: digest(kept),
    })
    expect((await executeOn(site, [eviction])).end.phase).toBe('Succeeded')
  })
})
