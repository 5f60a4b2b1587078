import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CONTENT_BYTES_PER_SECOND, RegistryCheckSpec } from '#crds/registry-check.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import { RegistryPool } from '#registry/pool.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory, type LapInput, type LapMemory } from '#scan/lap-input.ts'
import type { Lap } from '#scan/lap-result.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { containerImage, imageSeries, multiPlatformImage } from '#test/harness/images.ts'
import { LeapingClock } from '#test/harness/leaping-clock.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const INTERVAL = 15 * MINUTE
const SERIES = [...imageSeries({ seed: 'lap', count: 6, sharedLayers: 2 })]

type SpecChanges = Partial<RegistryCheckSpec>

function specOf(changes: SpecChanges): RegistryCheckSpec {
  const refs = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
  return RegistryCheckSpec.parse({ ...refs, ...changes })
}

describe.each(['2.8', '3'] as const)('laps over a registry %s', (version: RegistryVersion) => {
  let registry: TestRegistry
  let storage: StorageWriter
  let proxy: FaultProxy
  let pool: RegistryPool
  let clock: LeapingClock
  /** Where the requests of the last lap begin. */
  let since = 0

  beforeAll(async () => {
    registry = await startRegistry({ version })
    storage = new StorageWriter(registry.storageDir)
    for (const [build, image] of SERIES.entries()) storage.write('shop/cart', image, `b${build}`)
    storage.write('shop/multi', multiPlatformImage({ seed: 'lap' }), 'v1')
  })
  afterAll(() => registry.stop())

  beforeEach(async () => {
    proxy = await startFaultProxy({ upstream: registry.url })
    clock = new LeapingClock()
    pool = new RegistryPool({ clock, userAgent: 'tallyman-test' })
  })
  afterEach(async () => {
    await pool.close()
    await proxy.stop()
  })

  const used = (...images: string[]) => images.map((image) => imageUse(`${registry.host}/${image}`))
  const cart = () => used(...SERIES.map((_, build) => `shop/cart:b${build}`))

  function run(
    uses: readonly ImageUse[],
    changes: SpecChanges,
    memory: LapMemory,
    more: Partial<LapInput> = {},
  ): Promise<Lap> {
    since = proxy.requests.length
    return lap({
      client: pool.client({ url: proxy.url, limits: { concurrency: 8 } }),
      names: { host: registry.host, aliases: [] },
      snapshot: snapshotOf(uses),
      spec: specOf(changes),
      pullThrough: false,
      concurrency: 8,
      memory,
      untilNextLapMs: INTERVAL,
      provesAnew: false,
      readingMs: HOUR,
      clock,
      signal: new AbortController().signal,
      ...more,
    })
  }

  const requests = () => proxy.requests.slice(since).filter(({ path }) => path !== '/v2/')
  const asked = () => requests().map(({ method, path }) => `${method} ${path}`)

  test('S26: the second asks for each tag by HEAD, and for nothing that was proven just before', async () => {
    const first = await run(cart(), {}, emptyMemory(clock))
    expect(asked().filter((request) => request.startsWith('HEAD'))).toEqual([])
    clock.leap(INTERVAL)
    const second = await run(cart(), {}, first.memory)
    expect(asked().sort()).toEqual(SERIES.map((_, build) => `HEAD /v2/shop/cart/manifests/b${build}`))
    expect(second.images).toEqual({ total: 6, healthy: 6, unhealthy: 0, unknown: 0 })
    expect(second.oldestEvidence).toBeLessThanOrEqual(clock.now() - INTERVAL + 1)
    expect(second.oldestEvidence).toBeGreaterThan(clock.now() - INTERVAL - MINUTE)
  })

  test('tells how far it is: every image found is looked at, in use or not', async () => {
    const told = { found: 0, looked: 0 }
    const progress = {
      found: (images: number) => {
        told.found += images
      },
      looked: () => {
        told.looked += 1
      },
    }
    await run(cart().slice(1), {}, emptyMemory(clock), { progress })
    expect(told).toEqual({ found: 5, looked: 5 })
    const { images } = await run(cart().slice(1), { scope: 'All' }, emptyMemory(clock), { progress })
    expect(told).toEqual({ found: 5 + images.total, looked: 5 + images.total })
  })

  test('S26: a layer that is removed from the disk is found before its proof is older than evidenceMaxAge', async () => {
    const image = containerImage({ seed: `removed-${version}` })
    storage.write('shop/removed', image, 'v1')
    const uses = [...cart(), ...used('shop/removed:v1')]
    let memory = (await run(uses, { evidenceMaxAge: '6h' }, emptyMemory(clock))).memory
    const repair = damage('layer-missing', {
      storageDir: registry.storageDir,
      ...{ repository: 'shop/removed', reference: 'v1' },
    })
    const removedAt = clock.now()
    let found: Lap | undefined
    while (found === undefined && clock.now() - removedAt < 12 * HOUR) {
      clock.leap(INTERVAL)
      const next = await run(uses, { evidenceMaxAge: '6h' }, memory)
      memory = next.memory
      expect(next.oldestEvidence).toBeGreaterThan(clock.now() - 6 * HOUR)
      if (next.images.unhealthy > 0) found = next
    }
    expect(found?.findings.map(({ code, use }) => [code, use.image])).toEqual([
      ['LayerMissing', `${registry.host}/shop/removed:v1`],
    ])
    expect(clock.now() - removedAt).toBeLessThanOrEqual(6 * HOUR)
    // What has a finding is proven anew in every lap: mended, it is healthy at once.
    repair()
    clock.leap(INTERVAL)
    expect((await run(uses, {}, memory)).images.unhealthy).toBe(0)
    const blobs = image.blobs.map(({ digest }) => `GET /v2/shop/removed/blobs/${digest}`)
    expect(asked()).toEqual(expect.arrayContaining([...blobs, 'GET /v2/shop/removed/manifests/v1']))
  })

  test('S22: what was found broken stays found while the registry does not answer for it', async () => {
    storage.write('shop/unseen', containerImage({ seed: 'unseen' }), 'v1')
    damage('layer-missing', { storageDir: registry.storageDir, repository: 'shop/unseen', reference: 'v1' })
    const uses = [...cart(), ...used('shop/unseen:v1')]
    const first = await run(uses, {}, emptyMemory(clock))
    proxy.rule({ kind: 'status', status: 500 }, { path: '/v2/shop/unseen/manifests/v1' })
    const second = await run(uses, {}, first.memory)
    expect(second.images).toEqual({ total: 7, healthy: 6, unhealthy: 1, unknown: 0 })
    expect(second.findings.map(({ code }) => code)).toEqual(['LayerMissing', 'NotExamined'])
    const third = await run(uses, {}, second.memory)
    expect(third.findings.map(({ code }) => code)).toEqual(['LayerMissing', 'NotExamined'])
  })

  test('S26: a tag that moves is looked at at once', async () => {
    const [older, newer] = [containerImage({ seed: 'older' }), containerImage({ seed: 'newer' })]
    storage.write('shop/moving', older, 'v1')
    const first = await run(used('shop/moving:v1'), {}, emptyMemory(clock))
    storage.write('shop/moving', newer, 'v1')
    damage('layer-missing', { storageDir: registry.storageDir, repository: 'shop/moving', reference: 'v1' })
    clock.leap(INTERVAL)
    const second = await run(used('shop/moving:v1'), {}, first.memory)
    expect(second.findings.map(({ code }) => code)).toEqual(['LayerMissing'])
  })

  test('S26: one that somebody asked for proves everything anew', async () => {
    const first = await run(cart(), {}, emptyMemory(clock))
    const before = asked().length
    await run(cart(), {}, first.memory, { provesAnew: true })
    expect(asked()).toHaveLength(before)
  })

  test('S26: a machine that slept proves anew what the time of its sleep has made too old', async () => {
    const first = await run(cart(), {}, emptyMemory(clock))
    const before = asked().length
    clock.jump(7 * HOUR)
    await run(cart(), {}, first.memory)
    expect(asked()).toHaveLength(before)
  })

  test('what left the scope is forgotten', async () => {
    const first = await run(cart(), {}, emptyMemory(clock))
    const without = await run(used('shop/multi:v1'), {}, first.memory)
    await run(cart(), {}, without.memory)
    expect(
      asked().filter((request) => request.startsWith('GET') && request.includes('/manifests/')),
    ).toHaveLength(6)
  })

  describe('depth Content', () => {
    const everything: SpecChanges = {
      depth: 'Content',
      content: { cycle: '1s', bytesPerSecond: 1_000_000_000 },
    }

    test('finds wrong bytes at the right length, which no other depth does', async () => {
      const image = containerImage({ seed: `bytes-${version}` })
      storage.write('shop/bytes', image, 'v1')
      damage('layer-wrong-bytes', {
        storageDir: registry.storageDir,
        repository: 'shop/bytes',
        reference: 'v1',
      })
      const blobs = await run(used('shop/bytes:v1'), { depth: 'Blobs' }, emptyMemory(clock))
      expect(blobs.findings).toEqual([])
      const content = await run(used('shop/bytes:v1'), everything, emptyMemory(clock))
      expect(content.findings).toMatchObject([
        { code: 'LayerDamaged', cause: 'REGISTRY_DIGEST_MISMATCH', harmful: true },
      ])
    })

    test('finds them again in every lap, also where nothing is known but that something was wrong', async () => {
      const image = containerImage({ seed: `again-${version}` })
      storage.write('shop/again', image, 'v1')
      damage('layer-wrong-bytes', {
        storageDir: registry.storageDir,
        ...{ repository: 'shop/again', reference: 'v1' },
      })
      const uses = used('shop/again:v1')
      const slow: SpecChanges = {
        depth: 'Content',
        content: { cycle: '5200w', bytesPerSecond: 1_000_000_000 },
      }
      const restarted = emptyMemory(
        clock,
        uses.map((use) => use.image),
      )
      const first = await run(uses, slow, restarted)
      expect(first.findings.map(({ code }) => code)).toEqual(['LayerDamaged'])
      clock.leap(INTERVAL)
      const second = await run(uses, slow, first.memory)
      expect(second.findings.map(({ code }) => code)).toEqual(['LayerDamaged'])
    })

    test('is read no faster than the default where the spec says nothing of it', async () => {
      const image = containerImage({ seed: 'default', layers: [{ seed: 'default', size: 4_000_000 }] })
      storage.write('shop/default', image, 'v1')
      const before = clock.monotonic()
      const allOfIt = { untilNextLapMs: Number.POSITIVE_INFINITY }
      await run(used('shop/default:v1'), { depth: 'Content' }, emptyMemory(clock), allOfIt)
      const bytes = image.blobs.reduce((sum, { bytes: content }) => sum + content.length, 0)
      expect(clock.monotonic() - before).toBeGreaterThanOrEqual((bytes / CONTENT_BYTES_PER_SECOND) * 900)
    })

    test('reads each blob of a repository once in a lap, and says how far it has come', async () => {
      const done = await run(cart(), everything, emptyMemory(clock))
      const blobs = new Set(SERIES.flatMap((image) => image.blobs.map(({ digest }) => digest)))
      expect(
        asked()
          .filter((request) => request.includes('/blobs/'))
          .sort(),
      ).toEqual([...blobs].map((digest) => `GET /v2/shop/cart/blobs/${digest}`).sort())
      expect(done.content).toEqual({ blobs: blobs.size, read: blobs.size })
    })

    test('reads nothing twice within a cycle, and everything in the course of one', async () => {
      const slow: SpecChanges = { depth: 'Content', content: { cycle: '2h', bytesPerSecond: 1_000_000_000 } }
      const blobs = new Set(SERIES.flatMap((image) => image.blobs.map(({ digest }) => digest))).size
      let memory = emptyMemory(clock)
      let read = 0
      let last: Lap | undefined
      for (let passed = 0; passed < 2 * HOUR; passed += INTERVAL) {
        last = await run(cart(), slow, memory)
        memory = last.memory
        read += requests().filter(({ path, range }) => path.includes('/blobs/') && range === undefined).length
        clock.leap(INTERVAL)
      }
      expect(read).toBe(blobs)
      expect(last?.content).toEqual({ blobs, read: blobs })
    })

    test('leaves for the next lap what it has no time for, and proves its last byte all the same', async () => {
      const done = await run(cart(), everything, emptyMemory(clock), { readingMs: 0 })
      expect(done.images.healthy).toBe(6)
      expect(done.content?.read).toBe(0)
      expect(
        requests()
          .filter(({ path }) => path.includes('/blobs/'))
          .every(({ range }) => range !== undefined),
      ).toBe(true)
    })

    test('reads no faster than it may', async () => {
      const bytes = SERIES[0]?.blobs.reduce((sum, { bytes: content }) => sum + content.length, 0) ?? 0
      const rate = Math.max(65_536, bytes * 2)
      const slow: SpecChanges = { depth: 'Content', content: { cycle: '1s', bytesPerSecond: rate } }
      const before = clock.monotonic()
      await run(used('shop/cart:b0'), slow, emptyMemory(clock))
      expect(clock.monotonic() - before).toBeGreaterThanOrEqual((bytes / rate) * 1_000 * 0.9)
    })
  })

  describe('scope All', () => {
    test('looks at every tag of every repository, and marks what is in use', async () => {
      const done = await run(
        used('shop/cart:b0', 'shop/cart:gone'),
        { scope: 'All', select: { repositories: ['shop/cart'] } },
        emptyMemory(clock),
      )
      expect(done.inUse).toBe(2)
      const state = new Map(
        done.lookedAt.map(({ use, state: is }) => [
          use.image.replace(`${registry.host}/`, ''),
          [is, use.pods > 0],
        ]),
      )
      expect(state).toEqual(
        new Map([
          ['shop/cart:b0', ['healthy', true]],
          ['shop/cart:gone', ['unhealthy', true]],
          ...[1, 2, 3, 4, 5].map((build): [string, [string, boolean]] => [
            `shop/cart:b${build}`,
            ['healthy', false],
          ]),
        ]),
      )
    })

    test('what nobody uses is Info, however broken; what is used is not', async () => {
      storage.write('all/broken', containerImage({ seed: 'used' }), 'used')
      storage.write('all/broken', containerImage({ seed: 'unused' }), 'unused')
      for (const reference of ['used', 'unused']) {
        damage('manifest-missing', { storageDir: registry.storageDir, repository: 'all/broken', reference })
      }
      const done = await run(
        used('all/broken:used'),
        { scope: 'All', select: { repositories: ['all/broken'] } },
        emptyMemory(clock),
      )
      expect(
        done.findings.map(({ code, severity, use }) => [code, severity, use.image.split(':').at(-1)]),
      ).toEqual([
        ['ManifestMissing', 'Warning', 'used'],
        ['ManifestMissing', 'Info', 'unused'],
      ])
    })

    test('says which repositories have no tags', async () => {
      storage.write('all/emptied', containerImage({ seed: 'emptied' }), 'v1')
      damage('tag-gone', { storageDir: registry.storageDir, repository: 'all/emptied', reference: 'v1' })
      const done = await run(
        [],
        { scope: 'All', select: { repositories: ['all/emptied'] } },
        emptyMemory(clock),
      )
      expect(done.images.total).toBe(0)
      expect(done.findings).toMatchObject([
        { code: 'RepositoryEmpty', severity: 'Info', subject: 'all/emptied' },
      ])
    })

    test('keeps to the selection, in use or not', async () => {
      const select = {
        repositories: ['shop/**'],
        excludeRepositories: ['shop/multi'],
        tags: ['b?'],
        excludeTags: ['b1', 'b2'],
      }
      const done = await run(
        used('shop/cart:b1', 'shop/multi:v1'),
        { scope: 'All', select },
        emptyMemory(clock),
      )
      expect(done.lookedAt.map(({ use }) => use.image.split(':').at(-1)).sort()).toEqual([
        'b0',
        'b3',
        'b4',
        'b5',
      ])
    })

    test('leaves out what was built too long ago and nobody uses, and keeps what does not say when', async () => {
      const built = (created: string) => containerImage({ seed: created, created })
      storage.write('all/aged', built('2020-05-01T00:00:00Z'), 'old')
      storage.write('all/aged', built('2020-06-01T00:00:00Z'), 'old-and-used')
      storage.write('all/aged', built(new Date(clock.now() - HOUR).toISOString()), 'new')
      storage.write('all/aged', built('1970-01-01T00:00:00Z'), 'undated')
      const select = { repositories: ['all/aged'], maxAge: '90d' }
      const done = await run(used('all/aged:old-and-used'), { scope: 'All', select }, emptyMemory(clock))
      expect(done.lookedAt.map(({ use }) => use.image.split(':').at(-1)).sort()).toEqual([
        'new',
        'old-and-used',
        'undated',
      ])
    })

    test('that breaks off half-way is no lap', async () => {
      proxy.rule({ kind: 'status', status: 500 }, { path: '/v2/_catalog' })
      const broken = run([], { scope: 'All' }, emptyMemory(clock))
      await expect(broken).rejects.toMatchObject({ code: 'REGISTRY_SERVER_ERROR' })
    })

    test('a repository whose tags cannot be listed is unknown, and the others are looked at', async () => {
      proxy.rule({ kind: 'status', status: 500 }, { path: '/v2/shop/multi/tags/list' })
      const done = await run(
        [],
        {
          scope: 'All',
          select: { repositories: ['shop/cart', 'shop/multi'] },
        },
        emptyMemory(clock),
      )
      expect(done.images).toEqual({ total: 7, healthy: 6, unhealthy: 0, unknown: 1 })
      expect(done.findings).toMatchObject([
        { code: 'NotExamined', use: { image: `${registry.host}/shop/multi` } },
      ])
    })
  })

  test('platforms: Nodes asks for no manifest that no node can run', async () => {
    const image = multiPlatformImage({ seed: 'lap' })
    await run(used('shop/multi:v1'), { platforms: 'Nodes' }, emptyMemory(clock))
    const manifests = asked().filter((request) => request.includes('/manifests/sha256'))
    expect(manifests.length).toBeLessThan(image.children.length)
    expect(manifests.length).toBeGreaterThan(0)
  })
})
