import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { RegistryCheckSpec } from '#crds/registry-check.ts'
import { RegistryPool } from '#registry/pool.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory, type LapMemory } from '#scan/lap-input.ts'
import type { Lap } from '#scan/lap-result.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import {
  containerImage,
  cosignSignature,
  cosignTag,
  descriptorOf,
  OCI_INDEX,
  referrer,
  referrersIndex,
  referrersTag,
  type TestImage,
} from '#test/harness/images.ts'
import { LeapingClock } from '#test/harness/leaping-clock.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const HOUR = 3_600_000
const INTERVAL = HOUR / 4

describe.each(['2.8', '3'] as const)(
  'what refers to an image, on registry %s',
  (version: RegistryVersion) => {
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

    function run(
      repository: string,
      changes: Partial<RegistryCheckSpec> = {},
      memory: LapMemory = emptyMemory(clock),
      tags: readonly string[] = ['v1'],
      signal = new AbortController().signal,
      pullThrough = false,
    ): Promise<Lap> {
      since = proxy.requests.length
      const refs = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
      return lap({
        client: pool.client({ url: proxy.url, limits: { concurrency: 8 } }),
        names: { host: registry.host, aliases: [] },
        snapshot: snapshotOf(tags.map((tag) => imageUse(`${registry.host}/${repository}:${tag}`))),
        spec: RegistryCheckSpec.parse({ ...refs, referrers: true, ...changes }),
        ...{ pullThrough, concurrency: 8, memory, untilNextLapMs: INTERVAL, provesAnew: false },
        ...{ readingMs: HOUR, clock, signal },
      })
    }

    const asked = () =>
      proxy.requests
        .slice(since)
        .filter(({ path }) => path !== '/v2/')
        .map(({ method, path }) => `${method} ${path}`)
    const found = ({ findings }: Lap) =>
      findings.map(({ code, severity, subject }) => [code, severity, subject])

    /** An image with a signature by cosign's tag, and an SBOM and a report that the fallback tag lists. */
    function signed(repository: string) {
      const image = containerImage({ seed: repository })
      const signature = cosignSignature(image, repository)
      const sbom = referrer(image, { seed: `${repository}/sbom`, artifactType: 'application/spdx+json' })
      const report = referrer(image, { seed: `${repository}/report` })
      const { digest } = image.manifest
      storage.write(repository, image, 'v1')
      storage.write(repository, signature, cosignTag(digest, 'sig'))
      storage.write(repository, referrersIndex([sbom, report]), referrersTag(digest))
      const harm = (kind: Parameters<typeof damage>[0], reference: string) =>
        damage(kind, { storageDir: registry.storageDir, repository, reference })
      return { image, digest, signature, sbom, report, harm }
    }

    /** The proxy answers for the registry as one with the API does. */
    function listByApi(repository: string, subject: string, referrers: readonly TestImage[], next?: string) {
      const manifests = referrers.map(({ manifest }) => descriptorOf(manifest))
      const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })
      const path = `/v2/${repository}/referrers/${subject}`
      const link = next === undefined ? {} : { link: `<${path}?${next}>; rel="next"` }
      return {
        path,
        fault: { kind: 'status', status: 200, headers: { 'content-type': OCI_INDEX, ...link }, body },
      } as const
    }

    test('is not looked at unless it is wished', async () => {
      const { harm, digest } = signed('off')
      harm('manifest-missing', cosignTag(digest, 'sig'))
      const done = await run('off', { referrers: false })
      expect(done.findings).toEqual([])
      expect(asked().filter((request) => /referrers|tags|sha256-/.test(request))).toEqual([])
    })

    test('S23: is not asked for at a pull-through cache', async () => {
      signed('through')
      const done = await run('through', {}, emptyMemory(clock), ['v1'], undefined, true)
      expect(done.findings).toEqual([])
      expect(asked()).toEqual(['HEAD /v2/through/manifests/v1'])
    })

    test('gives no finding where it is whole: tags of cosign, and the tag that lists the rest', async () => {
      const { signature, sbom, report } = signed('whole')
      const done = await run('whole')
      expect(done.findings).toEqual([])
      expect(done.images.healthy).toBe(1)
      const all = [signature, sbom, report].flatMap(({ blobs }) => blobs.map(({ digest }) => digest))
      for (const blob of new Set(all)) expect(asked()).toContain(`GET /v2/whole/blobs/${blob}`)
    })

    test('an image of which nothing is known to refer to gives no finding, nor does one without any', async () => {
      storage.write('plain', containerImage({ seed: 'plain' }), 'v1')
      expect((await run('plain')).findings).toEqual([])
    })

    test('is named where it is missing or damaged, with its subject, and the image stays healthy', async () => {
      const { harm, digest, sbom, report } = signed('broken')
      harm('manifest-missing', cosignTag(digest, 'sig'))
      harm('manifest-missing', sbom.manifest.digest)
      harm('layer-half', report.manifest.digest)
      const done = await run('broken')
      expect(found(done)).toEqual(
        [
          ['ReferrerDamaged', 'Info', report.manifest.digest],
          ['ReferrerMissing', 'Info', cosignTag(digest, 'sig')],
          ['ReferrerMissing', 'Info', sbom.manifest.digest],
        ].sort(([a = '', , x = ''], [b = '', , y = '']) => (a + x < b + y ? -1 : 1)),
      )
      for (const { message, use } of done.findings) {
        expect(message).toContain(`refers to ${digest}`)
        expect(use.image).toBe(`${registry.host}/broken:v1`)
      }
      expect(done.images).toEqual({ total: 1, healthy: 1, unhealthy: 0, unknown: 0 })
    })

    test('counts as much as spec.referrerSeverity says, and never makes an image unhealthy', async () => {
      const { harm, digest } = signed('verified')
      harm('layer-missing', cosignTag(digest, 'sig'))
      const done = await run('verified', { referrerSeverity: 'Critical' })
      expect(found(done)).toEqual([['ReferrerMissing', 'Critical', cosignTag(digest, 'sig')]])
      expect(done.images.unhealthy).toBe(0)
    })

    test('is seen as closely as images are: manifests at depth Manifest, every byte at depth Content', async () => {
      const { harm, digest } = signed('depth')
      harm('layer-wrong-bytes', cosignTag(digest, 'sig'))
      const content = { cycle: '1s', bytesPerSecond: 1_000_000_000 }
      expect((await run('depth', { depth: 'Manifest' })).findings).toEqual([])
      expect((await run('depth', { depth: 'Blobs' })).findings).toEqual([])
      const read = await run('depth', { depth: 'Content', content })
      expect(found(read)).toEqual([['ReferrerDamaged', 'Info', cosignTag(digest, 'sig')]])
    })

    test('the tag that lists it is itself found where it cannot be read', async () => {
      const { harm, digest } = signed('list')
      harm('manifest-cut', referrersTag(digest))
      expect(found(await run('list'))).toEqual([['ReferrerDamaged', 'Info', referrersTag(digest)]])
    })

    test('costs one listing of the tags, and two requests to an API that is not there, for all images', async () => {
      const images = [0, 1, 2].map((build) => containerImage({ seed: `many/${build}` }))
      images.forEach((image, build) => {
        storage.write('many', image, `v${build}`)
      })
      await run('many', {}, emptyMemory(clock), ['v0', 'v1', 'v2'])
      const more = asked().filter((request) => !/\/(manifests\/v|blobs\/)/.test(request))
      expect(more.filter((request) => request.endsWith('/tags/list'))).toHaveLength(1)
      // What is absent is looked at twice.
      expect(new Set(more.filter((request) => request.includes('/referrers/'))).size).toBe(1)
      expect(more).toHaveLength(3)
    })

    test('costs one listing more of a repository of which all tags are looked at, however many these are', async () => {
      const image = containerImage({ seed: 'large' })
      storage.write('large', image, ...Array.from({ length: 1_100 }, (_, build) => `v${build}`))
      const select = { repositories: ['large'] }
      const done = await run('large', { scope: 'All', depth: 'Manifest', select }, emptyMemory(clock), [])
      expect(done.images).toMatchObject({ total: 1_100, healthy: 1_100 })
      const more = proxy.requests.slice(since).filter(({ path }) => /tags|referrers/.test(path))
      const pages = more.filter(({ path }) => path.endsWith('/tags/list')).map(({ query }) => query)
      expect(pages.filter((query) => query === 'n=1000')).toHaveLength(2)
      expect(more.filter(({ path }) => path.includes('/referrers/'))).toHaveLength(2)
    })

    test('S26: the next lap asks for its tags by HEAD and lists nothing; a layer of it that goes is found in time', async () => {
      const { harm, digest } = signed('aging')
      let { memory } = await run('aging')
      harm('layer-missing', cosignTag(digest, 'sig'))
      const removedAt = clock.now()
      clock.leap(INTERVAL)
      const next = await run('aging', {}, memory)
      const tags = ['v1', cosignTag(digest, 'sig'), referrersTag(digest)]
      expect(asked().sort()).toEqual(tags.map((tag) => `HEAD /v2/aging/manifests/${tag}`).sort())
      memory = next.memory
      let codes: readonly string[] = []
      while (codes.length === 0 && clock.now() - removedAt < 12 * HOUR) {
        clock.leap(INTERVAL)
        const later = await run('aging', {}, memory)
        memory = later.memory
        codes = later.findings.map(({ code }) => code)
      }
      expect(codes).toEqual(['ReferrerMissing'])
      expect(clock.now() - removedAt).toBeLessThanOrEqual(6 * HOUR)
    })

    test('what was removed on purpose since it was listed gives no finding', async () => {
      const { harm, digest } = signed('unsigned')
      const first = await run('unsigned')
      harm('tag-gone', cosignTag(digest, 'sig'))
      clock.leap(INTERVAL)
      expect((await run('unsigned', {}, first.memory)).findings).toEqual([])
    })

    describe('with the referrers API', () => {
      test('is what the API lists, over all of its pages, one request a page', async () => {
        const image = containerImage({ seed: 'api' })
        const [one, two] = ['one', 'two'].map((seed) => referrer(image, { seed: `api/${seed}` }))
        if (one === undefined || two === undefined) throw new Error('two referrers')
        storage.write('api', image, 'v1')
        storage.write('api', one)
        storage.write('api', two)
        damage('manifest-missing', {
          storageDir: registry.storageDir,
          repository: 'api',
          reference: two.manifest.digest,
        })
        const last = listByApi('api', image.manifest.digest, [two])
        const first = listByApi('api', image.manifest.digest, [one], 'page=2')
        proxy.rule(last.fault, { path: last.path, query: /page=2/ })
        proxy.rule(first.fault, { path: first.path, where: ({ query }) => query === '' })
        const done = await run('api')
        expect(found(done)).toEqual([['ReferrerMissing', 'Info', two.manifest.digest]])
        expect(asked().filter((request) => request.includes('/referrers/'))).toHaveLength(2)
      })

      test('ends with the reason of the run when that is stopped while the API is asked', async () => {
        signed('stopped')
        const hold = proxy.hold({ path: /\/referrers\// })
        const stop = new AbortController()
        const stopped = run('stopped', {}, emptyMemory(clock), ['v1'], stop.signal)
        const outcome = expect(stopped).rejects.toMatchObject({ code: 'TIMED_OUT' })
        await hold.arrived
        stop.abort(new TallymanError('TIMED_OUT', 'the run took too long'))
        await outcome
        hold.release()
      })

      test('is looked at once where the API and a tag both list it', async () => {
        const { sbom, report, digest, harm } = signed('both')
        harm('layer-missing', sbom.manifest.digest)
        const { path, fault } = listByApi('both', digest, [sbom, report])
        proxy.rule(fault, { path })
        expect(found(await run('both'))).toEqual([['ReferrerMissing', 'Info', sbom.manifest.digest]])
      })

      test.each([
        ['does not answer', { kind: 'status', status: 500 }, 'NotExamined'],
        ['refuses', { kind: 'status', status: 403 }, 'PullDenied'],
      ] as const)(
        'that %s: Info, never a referrer that is missing, and the rest is looked at',
        async (name, fault, code) => {
          const repository = `api-${name.replaceAll(' ', '-')}`
          const { digest } = signed(repository)
          proxy.rule(fault, { path: /\/referrers\// })
          const done = await run(repository)
          expect(found(done)).toEqual([[code, 'Info', digest]])
          expect(done.images.healthy).toBe(1)
        },
      )

      test('whose pages never end: not examined, after a bounded number of requests', async () => {
        const { digest } = signed('endless')
        const { path, fault } = listByApi('endless', digest, [], 'page=1')
        proxy.rule(fault, { path })
        expect(found(await run('endless'))).toEqual([['NotExamined', 'Info', digest]])
        expect(asked().filter((request) => request.includes('/referrers/'))).toHaveLength(2)
      })
    })
  },
)
