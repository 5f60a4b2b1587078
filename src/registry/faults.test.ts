import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { type FaultProxy, startFaultProxy, throttled } from '#test/harness/fault-proxy.ts'
import { containerImage, descriptorOf, type TestImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { systemClock } from '#time/clock.ts'
import type { RegistryClient, RequestObserver } from './client.ts'
import { RegistryPool } from './pool.ts'

let registry: TestRegistry
let image: TestImage
let proxy: FaultProxy
let pool: RegistryPool
let client: RegistryClient

beforeAll(async () => {
  registry = await startRegistry({ version: '3' })
  image = containerImage({ seed: 'faults', layers: [{ seed: 'big', size: 2_000_000 }] })
  new StorageWriter(registry.storageDir).write('app', image, '1')
})

afterAll(() => registry.stop())

beforeEach(async () => {
  proxy = await startFaultProxy({ upstream: registry.url })
  pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  client = pool.client({ url: proxy.url, limits: { concurrency: 8 } })
})

afterEach(async () => {
  await pool.close()
  await proxy.stop()
})

const layer = () => {
  const blob = image.blobs[1]
  if (blob === undefined) throw new Error('the image has no layer')
  return descriptorOf(blob)
}

const quick = (timeouts: { answerMs?: number; progressWindowMs?: number; throttleMs?: number }) => {
  const impatient = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test', timeouts })
  return {
    client: impatient.client({ url: proxy.url, limits: { concurrency: 8 } }),
    close: () => impatient.close(),
  }
}

describe('past caches', () => {
  test('S36: what a tag names is asked past caches; what a digest names cannot be out of date', async () => {
    const { digest } = image.manifest
    for (const reference of ['1', digest]) {
      await client.headManifest('app', reference)
      await client.getManifest('app', reference)
    }
    const asked = proxy.requests.map(({ method, path, cacheControl }) => [method, path, cacheControl])
    expect(asked).toEqual([
      ['HEAD', '/v2/app/manifests/1', 'no-cache'],
      ['GET', '/v2/app/manifests/1', 'no-cache'],
      ['HEAD', `/v2/app/manifests/${digest}`, undefined],
      ['GET', `/v2/app/manifests/${digest}`, undefined],
    ])
  })
})

describe('what passes is asked again', () => {
  test.each([
    ['a reset before the answer', { kind: 'cut', at: 'request', reset: true, times: 2 }],
    ['a reset inside the body', { kind: 'cut', at: 'body', after: 10, times: 2 }],
    ['500 twice', { kind: 'status', status: 500, times: 2 }],
    ['502 with a page', { kind: 'status', status: 502, body: '<html>bad gateway</html>', times: 1 }],
    ['408', { kind: 'status', status: 408, times: 1 }],
  ] as const)('%s', async (_, fault) => {
    proxy.rule(fault)
    expect((await client.getManifest('app', '1')).digest).toBe(image.manifest.digest)
  })

  test('a blob that breaks is resumed where it broke', async () => {
    proxy.rule({ kind: 'cut', at: 'body', after: 700_000, times: 2 })
    await client.hashBlob('app', layer())
    const ranges = proxy.requests.map(({ range }) => range)
    expect(ranges[0]).toBeUndefined()
    expect(ranges.length).toBe(3)
    expect(Number(/^bytes=(\d+)-$/.exec(ranges[2] ?? '')?.[1])).toBeGreaterThan(700_000)
  })

  test('an upload that breaks gets a new session and all of the content', async () => {
    proxy.rule({ kind: 'cut', at: 'upload', afterBytes: 5_000, times: 1 }, { method: 'PUT' })
    const blob = containerImage({ seed: 'up', layers: [{ seed: 'u', size: 300_000 }] }).blobs[1]
    if (blob === undefined) throw new Error('no layer')
    await client.uploadBlob('up', descriptorOf(blob), async function* () {
      for (let at = 0; at < blob.bytes.length; at += 4096) yield blob.bytes.subarray(at, at + 4096)
    })
    expect(proxy.requests.map(({ method }) => method)).toEqual(['POST', 'PUT', 'POST', 'PUT'])
    await client.hashBlob('up', descriptorOf(blob))
  })
})

describe('what stays is told apart', () => {
  test.each([
    ['reset', { kind: 'cut', at: 'request', reset: true }, 'REGISTRY_UNREACHABLE', 3],
    ['cut inside the body', { kind: 'cut', at: 'body', after: 10 }, 'REGISTRY_TRUNCATED', 3],
    ['short body', { kind: 'truncate', after: 10, length: 'kept' }, 'REGISTRY_TRUNCATED', 3],
    [
      'short body under its own length',
      { kind: 'truncate', after: 10, length: 'shortened' },
      'REGISTRY_DIGEST_MISMATCH',
      1,
    ],
    ['corrupt body', { kind: 'corrupt', offset: 5 }, 'REGISTRY_DIGEST_MISMATCH', 1],
    ['500', { kind: 'status', status: 500 }, 'REGISTRY_SERVER_ERROR', 3],
    ['503', { kind: 'status', status: 503 }, 'REGISTRY_SERVER_ERROR', 3],
    ['403', { kind: 'status', status: 403 }, 'REGISTRY_FORBIDDEN', 1],
    ['401 without a challenge', { kind: 'status', status: 401 }, 'REGISTRY_UNAUTHORIZED', 1],
    ['405', { kind: 'status', status: 405, body: 'no' }, 'REGISTRY_UNSUPPORTED', 1],
    [
      'a web page',
      { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'REGISTRY_NOT_A_REGISTRY',
      1,
    ],
  ] as const)('%s', async (_, fault, code, requests) => {
    proxy.rule(fault)
    await expect(client.getManifest('app', '1')).rejects.toMatchObject({ code })
    expect(proxy.count).toBe(requests)
  })

  test('a 404 of an ingress that lost its route is no absence', async () => {
    proxy.rule({ kind: 'status', status: 404, body: 'default backend - 404' })
    await expect(client.getManifest('app', '1')).rejects.toMatchObject({ code: 'REGISTRY_NOT_A_REGISTRY' })
    await expect(client.headManifest('app', '1')).rejects.toMatchObject({ code: 'REGISTRY_NOT_A_REGISTRY' })
    await expect(client.ping()).rejects.toMatchObject({ code: 'REGISTRY_NOT_A_REGISTRY' })
  })

  test('a refused connection and a registry that comes back', async () => {
    proxy.stopListening()
    await proxy.cutConnections()
    await expect(client.getManifest('app', '1')).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/refused/),
    })
    await proxy.resumeListening()
    expect((await client.getManifest('app', '1')).kind).toBe('image')
  })

  test('a host name that does not exist', async () => {
    // Longer than a label of DNS may be: no resolver is asked.
    const host = `${'a'.repeat(64)}.invalid`
    const nowhere = pool.client({ url: `http://${host}`, limits: { concurrency: 1 } })
    await expect(nowhere.ping()).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/the host name does not exist/),
    })
  })

  test('a registry that never answers, or stops in the middle', async () => {
    const impatient = quick({ answerMs: 2_000, progressWindowMs: 2_000 })
    try {
      proxy.rule({ kind: 'halfOpen', at: 'request', times: 1 })
      await expect(impatient.client.getManifest('app', '1')).rejects.toMatchObject({
        code: 'REGISTRY_TIMEOUT',
      })
      proxy.rule({ kind: 'halfOpen', at: 'body', after: 20, times: 1 })
      await expect(impatient.client.getManifest('app', '1')).rejects.toMatchObject({
        code: 'REGISTRY_TIMEOUT',
      })
      proxy.rule({ kind: 'drip', bytesPerSecond: 1_000, times: 1 })
      await expect(impatient.client.hashBlob('app', layer())).rejects.toMatchObject({
        code: 'REGISTRY_TIMEOUT',
      })
      expect((await impatient.client.getManifest('app', '1')).kind).toBe('image')
    } finally {
      await impatient.close()
    }
  })

  test('a slow reader is not a slow registry', async () => {
    const clock = new FakeClock()
    const slow = new RegistryPool({ clock, userAgent: 'tallyman-test' })
    try {
      const chunks = slow.client({ url: proxy.url, limits: { concurrency: 1 } }).readBlob('app', layer())
      await chunks.next()
      await eventually(() => (proxy.requests[0]?.bytes ?? 0) > 256 * 1024)
      await clock.advance(3_600_000)
      let rest = 0
      for await (const chunk of chunks) rest += chunk.byteLength
      expect(rest).toBeGreaterThan(1_000_000)
    } finally {
      await slow.close()
    }
  })
})

describe('a registry that asks for patience', () => {
  test('Retry-After holds everybody on the host back, and costs no try', async () => {
    // The proxy has sent its answer before we have read it: only the observer knows that we were told.
    const seen: (number | string)[] = []
    const observer: RequestObserver = { finished: ({ status }) => void seen.push(status) }
    const observed = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test', observer })
    try {
      const patient = observed.client({ url: proxy.url, limits: { concurrency: 8 } })
      proxy.rule({ ...throttled(1), times: 1 })
      const first = patient.getManifest('app', '1')
      await eventually(() => seen.includes(429))
      const others = [patient.headManifest('app', '1'), patient.ping({ lane: 'interactive' })]
      await Promise.all([first, ...others])
      const [complaint, ...later] = proxy.requests.map(({ time }) => time)
      expect(later.length).toBe(3)
      expect(Math.min(...later) - (complaint ?? 0)).toBeGreaterThan(950)
    } finally {
      await observed.close()
    }
  })

  test('more patience than we have is throttling, with the time that was asked for', async () => {
    const impatient = quick({ throttleMs: 500 })
    try {
      proxy.rule(throttled(3600))
      await expect(impatient.client.getManifest('app', '1')).rejects.toMatchObject({
        code: 'REGISTRY_THROTTLED',
        retryAfterMs: 3_600_000,
      })
    } finally {
      await impatient.close()
    }
  })
})

describe('cancelling', () => {
  test('ends a request, a body and a wait for a retry at once', async () => {
    const cancel = new AbortController()
    proxy.rule({ kind: 'halfOpen', at: 'request', times: 1 })
    const held = client.getManifest('app', '1', { signal: cancel.signal })
    await eventually(() => proxy.count === 1)
    cancel.abort()
    await expect(held).rejects.toMatchObject({ code: 'CANCELLED' })

    const duringBody = new AbortController()
    const chunks = client.readBlob('app', layer(), { signal: duringBody.signal })
    await chunks.next()
    duringBody.abort()
    await expect(
      (async () => {
        for await (const _ of chunks);
      })(),
    ).rejects.toMatchObject({ code: 'CANCELLED' })

    proxy.rule(throttled(60))
    const duringPause = new AbortController()
    const paused = client.getManifest('app', '1', { signal: duringPause.signal })
    const seen = proxy.count
    await eventually(() => proxy.count > seen)
    duringPause.abort()
    await expect(paused).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(client.ping({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('a body that is left early gives its slot back', async () => {
    const single = pool.client({ url: proxy.url, limits: { concurrency: 1 } })
    for await (const _ of single.readBlob('app', layer())) break
    expect((await single.getManifest('app', '1')).kind).toBe('image')
  })

  test('a listing can be walked while the same single slot is used for each entry', async () => {
    const single = pool.client({ url: proxy.url, limits: { concurrency: 1 } })
    for await (const tags of single.tags('app')) {
      for (const tag of tags)
        expect((await single.headManifest('app', tag)).digest).toBe(image.manifest.digest)
    }
  })
})

test('connections are kept: as many as requests under way, for GET and HEAD alike', async () => {
  const reader = pool.client({ url: proxy.url, limits: { concurrency: 16 } })
  for (let round = 0; round < 20; round++) {
    const gets = Array.from({ length: 20 }, () => reader.getManifest('app', '1'))
    const heads = Array.from({ length: 20 }, () => reader.headManifest('app', '1'))
    await Promise.all([...gets, ...heads])
  }
  expect(proxy.count).toBe(800)
  expect(proxy.connections).toBeLessThanOrEqual(18)
})

describe('all tags of distribution 3, after a ping', () => {
  const names = Array.from({ length: 2_345 }, (_, index) => `t${index}`)
  const lists = () => proxy.requests.filter(({ path }) => path === '/v2/whole/tags/list')

  beforeAll(() => new StorageWriter(registry.storageDir).write('whole', image, ...names))
  beforeEach(() => client.ping())

  async function tags(): Promise<string[]> {
    const all: string[] = []
    for await (const page of client.tags('whole', { whole: true })) all.push(...page)
    return all
  }

  test('are asked for all at once', async () => {
    expect((await tags()).sort()).toEqual(names.toSorted())
    expect(lists().map(({ query }) => query)).toEqual([''])
  })

  test.each([
    ['its connection', { kind: 'cut', at: 'body', after: 9_000, reset: true }, 'REGISTRY_TRUNCATED'],
    ['its body', { kind: 'truncate', after: 9_000, length: 'kept' }, 'REGISTRY_TRUNCATED'],
    [
      'its body, in good order',
      { kind: 'truncate', after: 9_000, length: 'shortened' },
      'REGISTRY_PAGINATION',
    ],
  ] as const)('are not known where %s ends early', async (_, fault, code) => {
    proxy.rule(fault, { path: '/v2/whole/tags/list' })
    await expect(tags()).rejects.toMatchObject({ code })
    expect(new Set(lists().map(({ query }) => query))).toEqual(new Set(['']))
  })
})

describe('redirects', () => {
  test('another origin gets the range and no credentials', async () => {
    const guarded = await startRegistry({
      version: '2.8',
      auth: { kind: 'basic', username: 'u', password: 'p' },
    })
    const front = await startFaultProxy({ upstream: guarded.url })
    try {
      new StorageWriter(guarded.storageDir).write('app', image, '1')
      front.rule({ kind: 'redirect', origin: proxy.url }, { path: /\/blobs\// })
      const credential = { kind: 'basic', username: 'u', password: 'p' } as const
      const reader = pool.client({ url: front.url, credential, limits: { concurrency: 2 } })
      await reader.getManifest('app', '1')
      await reader.probeBlob('app', layer())
      expect(front.requests.at(-1)?.authorization).toBe('basic')
      const last = layer().size - 1
      expect(proxy.requests.at(-1)).toMatchObject({
        range: `bytes=${last}-${last}`,
        authorization: undefined,
      })
    } finally {
      await front.stop()
      await guarded.stop()
    }
  })

  test.each([301, 302, 303, 307, 308])('%i is followed', async (status) => {
    proxy.rule({ kind: 'redirect', status, origin: registry.url })
    expect((await client.getManifest('app', '1')).kind).toBe('image')
  })

  test.each([
    ['the metadata service of a cloud', 'http://169.254.169.254/latest'],
    ['another protocol', 'file:///etc/passwd'],
    ['what is no URL', 'http://['],
  ])('to %s are refused', async (_, url) => {
    proxy.rule({ kind: 'redirect', url })
    await expect(client.getManifest('app', '1')).rejects.toMatchObject({ code: 'REGISTRY_REDIRECT' })
  })
})
