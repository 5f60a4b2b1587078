import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { diagnose } from '#health/diagnose.ts'
import { RegistryPool } from '#registry/pool.ts'
import type { ImageScanOptions, ImageTarget } from '#scan/image-scan.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { oneOfEach } from '#test/harness/images/samples.ts'
import {
  containerImage,
  descriptorOf,
  digestOf,
  imageIndex,
  imageSeries,
  multiPlatformImage,
} from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { scanOnce } from '#test/harness/scanning.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const SAMPLES = oneOfEach('scan')
const SERIES = [...imageSeries({ seed: 'series', count: 5, sharedLayers: 3 })]
const ABSENT = `sha256:${'0'.repeat(64)}`
const ANY_PLATFORM = { platforms: [] }

let registry: TestRegistry
let proxy: FaultProxy
let pool: RegistryPool

beforeAll(async () => {
  registry = await startRegistry({ version: '3' })
  const storage = new StorageWriter(registry.storageDir)
  for (const [name, image] of SAMPLES) storage.write('samples', image, name)
  SERIES.forEach((image, build) => {
    storage.write('series', image, `b${build}`)
  })
  storage.write('other', containerImage({ seed: 'series/0' }), 'v1')
})
afterAll(() => registry.stop())

beforeEach(async () => {
  proxy = await startFaultProxy({ upstream: registry.url })
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
})
afterEach(async () => {
  await pool.close()
  await proxy.stop()
})

function target(repository: string, reference: string, ...runningDigests: string[]): ImageTarget {
  return { repository, reference, isTag: !reference.includes(':'), runningDigests }
}

function scan(targets: readonly ImageTarget[], options: Partial<ImageScanOptions> = {}) {
  const client = pool.client({ url: proxy.url, limits: { concurrency: 8 } })
  return scanOnce(client, targets, { concurrency: 8, ...options })
}

/** What was asked for, as `GET /v2/a/manifests/1`, sorted. */
function asked(): string[] {
  return proxy.requests.map(({ method, path }) => `${method} ${path}`).sort()
}

describe('a healthy image', () => {
  test.each([...SAMPLES.keys()])('of kind %s gives no finding', async (name) => {
    const digest = SAMPLES.get(name)?.manifest.digest ?? ''
    const evidence = await scan([target('samples', name), target('samples', digest)])
    const use = imageUse(`registry.example/samples:${name}`)
    const nothingToRun = name === 'empty-index' ? ['PlatformMissing', 'PlatformMissing'] : []
    expect(evidence.flatMap((seen) => diagnose(use, seen, ANY_PLATFORM)).map(({ code }) => code)).toEqual(
      nothingToRun,
    )
    expect(evidence[0]).toMatchObject({ repository: 'samples', manifest: { reference: name, digest } })
  })

  test('names layers that lie elsewhere, and gives no finding', async () => {
    const [config] = containerImage({ seed: 'foreign' }).blobs
    if (config === undefined) throw new Error('an image has a config')
    const foreign = { ...descriptorOf(config), digest: ABSENT, urls: ['https://elsewhere.example/layer'] }
    const { manifest } = containerImage({ seed: 'foreign' })
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifest.mediaType,
        config: descriptorOf(config),
        layers: [foreign],
      }),
    )
    const image = { manifest: { ...manifest, bytes, digest: digestOf(bytes) }, blobs: [config], children: [] }
    new StorageWriter(registry.storageDir).write('foreign', image, 'v1')
    const [seen] = await scan([target('foreign', 'v1')])
    expect(seen?.manifest).toMatchObject({ sight: { state: 'present' }, layers: [] })
  })
})

describe('what a scan asks for', () => {
  const all = SERIES.map((_, build) => target('series', `b${build}`))

  test('is each manifest and each blob of a repository once, whatever the images share', async () => {
    await scan([...all, ...all, target('other', 'v1')])
    const requests = asked()
    expect(requests).toEqual([...new Set(requests)])
    const blobs = new Set(SERIES.flatMap((image) => image.blobs.map(({ digest }) => digest)))
    expect(requests.filter((request) => request.includes('/series/blobs/'))).toHaveLength(blobs.size)
    expect(requests.filter((request) => request.includes('/series/manifests/'))).toHaveLength(SERIES.length)
  })

  test('is no more than manifests at depth Manifest', async () => {
    await scan([...all, target('samples', 'oci-index')], { depth: 'Manifest' })
    const children = SAMPLES.get('oci-index')?.children ?? []
    const manifests = asked().filter((request) => request.includes('/manifests/'))
    expect(manifests).toHaveLength(all.length + 1 + children.length)
    expect(asked().filter((request) => request.includes('/blobs/'))).toEqual([])
  })

  test('is the last byte of a blob, never the blob', async () => {
    await scan(all)
    const blobs = proxy.requests.filter(({ path }) => path.includes('/blobs/'))
    for (const { method, range, bytes } of blobs) {
      expect([method, bytes]).toEqual(['GET', 1])
      expect(range).toMatch(/^bytes=(\d+)-\1$/)
    }
    expect(blobs.length).toBeGreaterThan(0)
  })

  test('S23: is HEAD only at depth Head, each once, also for what is gone and what runs', async () => {
    const gone = [target('series', 'gone'), target('nowhere', 'v1'), target('series', ABSENT)]
    const targets = [...all, ...all, ...gone, target('series', 'b0', ABSENT), target('series', 'b1', ABSENT)]
    const evidence = await scan(targets, { depth: 'Head' })
    const looks = proxy.requests.filter(({ path }) => path.includes('/manifests/'))
    expect(proxy.requests.filter(({ method, path }) => method !== 'HEAD' && path !== '/v2/')).toEqual([])
    const present = looks.filter(({ status }) => status === 200).map(({ path }) => path)
    expect(present).toEqual([...new Set(present)])
    const absent = looks.filter(({ status }) => status === 404).map(({ path }) => path)
    // What is absent is looked at twice.
    expect(absent).toHaveLength(2 * new Set(absent).size)
    expect(evidence.map(({ manifest }) => manifest.sight.state)).toEqual([
      ...[...all, ...all].map(() => 'present'),
      ...gone.map(() => 'absent'),
      ...['present', 'present'],
    ])
    expect(evidence.at(-1)?.running).toMatchObject([{ reference: ABSENT, sight: { state: 'absent' } }])
  })

  test('S23: at depth Head never a GET, also where the headers do not tell: that is unsupported', async () => {
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
    proxy.rule({ kind: 'status', status: 200, headers }, { method: 'HEAD', path: /manifests\/b1$/ })
    const targets = [target('series', 'b0'), target('series', 'b1')]
    const evidence = await scan(targets, { depth: 'Head' })
    expect(asked()).toEqual(['HEAD /v2/series/manifests/b0', 'HEAD /v2/series/manifests/b1'])
    expect(evidence.map(({ manifest }) => manifest.sight.state)).toEqual(['present', 'unsupported'])
    const use = imageUse('registry.example/series:b1')
    const [, seen] = evidence
    expect(seen && diagnose(use, seen, ANY_PLATFORM)).toMatchObject([
      { code: 'ManifestUnsupported', cause: 'REGISTRY_UNSUPPORTED' },
    ])
  })

  test('is a GET of a digest that runs where the headers of a HEAD do not tell, at other depths', async () => {
    const older = SERIES[0]?.manifest.digest ?? ''
    proxy.rule({ kind: 'status', status: 200 }, { method: 'HEAD', path: /manifests\// })
    const [seen] = await scan([target('series', 'b1', older)], { depth: 'Manifest' })
    expect(seen?.running).toMatchObject([{ reference: older, sight: { state: 'present' } }])
  })

  test('writes nothing, whatever is wrong', async () => {
    const damaged = [target('series', 'gone'), target('nowhere', 'v1'), target('series', ABSENT)]
    for (const depth of ['Head', 'Manifest', 'Blobs'] as const) {
      await scan([...all, ...damaged], { depth })
    }
    expect(new Set(proxy.requests.map(({ method }) => method))).toEqual(new Set(['GET', 'HEAD']))
  })
})

describe('S23: digests that run', () => {
  const [older, newer] = SERIES.map((image) => image.manifest.digest)
  const index = SAMPLES.get('oci-index')
  const children = index?.children.map(({ manifest }) => manifest.digest) ?? []

  test('are looked at where the tag has moved on', async () => {
    const [seen] = await scan([target('series', 'b1', older ?? '', newer ?? '', ABSENT)])
    expect(seen?.running).toMatchObject([
      { reference: older, sight: { state: 'present' } },
      { reference: ABSENT, sight: { state: 'absent' } },
    ])
    const use = imageUse('registry.example/series:b1')
    expect(seen && diagnose(use, seen, ANY_PLATFORM)).toMatchObject([{ code: 'Drifted', subject: ABSENT }])
  })

  test('are not asked for where the tag names them: itself, or a platform of it', async () => {
    const own = index?.manifest.digest ?? ''
    const [seen] = await scan([target('samples', 'oci-index', own, ...children)])
    expect(seen?.running).toEqual([])
    expect(asked().filter((request) => request.startsWith('HEAD'))).toEqual([])
  })
})

describe('an index', () => {
  test('that nests deeper than anybody nests is damaged, and the looking ends', async () => {
    let nested = multiPlatformImage({ seed: 'nested' })
    for (let level = 0; level < 5; level += 1) nested = imageIndex('oci', [{ image: nested }])
    new StorageWriter(registry.storageDir).write('nested', nested, 'v1')
    const [seen] = await scan([target('nested', 'v1')])
    const use = imageUse('registry.example/nested:v1')
    expect(seen && diagnose(use, seen, ANY_PLATFORM)).toMatchObject([
      { code: 'ManifestDamaged', message: 'index nests more than 4 levels deep' },
    ])
    expect(asked().filter((request) => request.includes('/manifests/'))).toHaveLength(4)
  })
})

describe('an answer that makes no sense', () => {
  test('leaves the image unknown that it is about, and the others as they are', async () => {
    const body = '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"upload unknown"}]}'
    proxy.rule({ kind: 'status', status: 404, body }, { path: '/v2/series/manifests/b1' })
    const evidence = await scan([target('series', 'b0'), target('series', 'b1'), target('series', 'b2')])
    expect(evidence.map(({ manifest }) => manifest.sight.state)).toEqual([
      'present',
      'unreachable',
      'present',
    ])
  })
})

describe('a scan that cannot go on', () => {
  const targets = SERIES.map((_, build) => target('series', `b${build}`))

  test('ends with the reason of its signal, and asks nothing more', async () => {
    const hold = proxy.hold({ path: /manifests/ })
    const stop = new AbortController()
    const scanned = scan(targets, { signal: stop.signal, concurrency: 1 })
    const outcome = expect(scanned).rejects.toMatchObject({ code: 'TIMED_OUT' })
    await hold.arrived
    stop.abort(new TallymanError('TIMED_OUT', 'the run took too long'))
    await outcome
    hold.release()
    expect(asked().filter((request) => request.includes('/manifests/'))).toHaveLength(1)
  })

  test('of nothing is nothing', async () => {
    expect(await scan([])).toEqual([])
    expect(proxy.count).toBe(0)
  })
})
