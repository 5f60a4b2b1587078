import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RegistryPool } from '#registry/pool.ts'
import { type Fault, type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'
import { digestOf } from './digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from './media-types.ts'

const SUBJECT = digestOf(Buffer.from('subject'))
const PATH = `/v2/app/referrers/${SUBJECT}`
const digests = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => digestOf(Buffer.from(`referrer ${from + at}`)))

/** A page as the specification has it. */
function page(referrers: readonly string[], next?: string): Fault {
  const manifests = referrers.map((digest) => ({ mediaType: OCI_MANIFEST, digest, size: 7 }))
  const link = next === undefined ? {} : { link: `<${PATH}?${next}>; rel="next"` }
  const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })
  return { kind: 'status', status: 200, headers: { 'content-type': OCI_INDEX, ...link }, body }
}

describe.each(['2.8', '3'] as const)('the referrers of a manifest, at a registry %s', (version) => {
  let registry: TestRegistry
  let proxy: FaultProxy
  let pool: RegistryPool

  beforeAll(async () => {
    registry = await startRegistry({ version })
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

  const list = () => pool.client({ url: proxy.url, limits: { concurrency: 2 } }).referrers('app', SUBJECT)

  test('are absent where it has no such API', async () => {
    await expect(list()).rejects.toMatchObject({ code: 'REGISTRY_ABSENT' })
  })

  test('come from all pages, each once, in one request a page', async () => {
    const all = digests(0, 5)
    proxy.rule(page(all.slice(2)), { path: PATH, query: /^page=2$/ })
    proxy.rule(page(all.slice(0, 3), 'page=2'), { path: PATH, where: ({ query }) => query === '' })
    expect(await list()).toEqual(all)
    expect(proxy.requests.filter(({ path }) => path === PATH)).toHaveLength(2)
  })

  test('are none where it lists none', async () => {
    proxy.rule(page([]), { path: PATH })
    expect(await list()).toEqual([])
  })

  test.each([
    [
      'a web page',
      { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'REGISTRY_UNSUPPORTED',
    ],
    ['a request that is bad', { kind: 'status', status: 400 }, 'REGISTRY_UNSUPPORTED'],
    ['a method that is not allowed', { kind: 'status', status: 405 }, 'REGISTRY_UNSUPPORTED'],
    ['a refusal', { kind: 'status', status: 403 }, 'REGISTRY_FORBIDDEN'],
    [
      'what is no JSON',
      { kind: 'status', status: 200, headers: { 'content-type': OCI_INDEX }, body: '{"manifests":[' },
      'REGISTRY_PAGINATION',
    ],
    ['digests that are none', page(['sha256:../..']), 'REGISTRY_PAGINATION'],
    ['a page that names itself as the next', page(digests(0, 1), 'page=1'), 'REGISTRY_PAGINATION'],
    ['more than anybody has', page(digests(0, 10_001), 'page=1'), 'REGISTRY_PAGINATION'],
  ] as const)('are not known where it answers with %s', async (_, fault: Fault, code) => {
    proxy.rule(fault, { path: PATH })
    await expect(list()).rejects.toMatchObject({ code })
  })
})
