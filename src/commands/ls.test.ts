import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { damage } from '#test/harness/damage.ts'
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { type HostileRegistry, startHostileRegistry } from '#test/harness/hostile-registry.ts'
import { containerImage, multiPlatformImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { Pipe, runHere } from '#test/harness/registry-commands.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'

const CART = containerImage({ seed: 'cart' })
const WEB = multiPlatformImage({ seed: 'web' })
const OCI = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const SERIES = Array.from({ length: 2_500 }, (_, index) => `t${String(index).padStart(4, '0')}`)

function fill(registry: TestRegistry): void {
  const writer = new StorageWriter(registry.storageDir)
  writer.write('base', CART, 'only', 'other')
  writer.write('shop/cart', CART, 'v2', 'v10', 'v1')
  writer.write('shop/empty', CART, 'only')
  writer.write('shop/web', WEB, 'latest')
  const place = { storageDir: registry.storageDir }
  damage('tag-gone', { ...place, repository: 'shop/empty', reference: 'only' })
  damage('tag-link-missing', { ...place, repository: 'base', reference: 'only' })
}

const versions: readonly RegistryVersion[] = ['2.8', '3']

describe.each(versions)('ls and count, registry %s', (version) => {
  let registry: TestRegistry
  let proxy: FaultProxy
  let host: string

  beforeAll(async () => {
    registry = await startRegistry({ version })
    fill(registry)
    proxy = await startFaultProxy({ upstream: registry.url })
    host = proxy.host
  })

  afterAll(async () => {
    await proxy?.stop()
    await registry?.stop()
  })

  /** How often it was asked for what while `work` ran. */
  async function asked(work: () => Promise<unknown>): Promise<Record<string, number>> {
    const counters = {
      ping: proxy.counter({ path: '/v2/' }),
      catalog: proxy.counter({ path: '/v2/_catalog' }),
      tags: proxy.counter({ path: /\/tags\/list$/ }),
      head: proxy.counter({ method: 'HEAD' }),
      get: proxy.counter({ method: 'GET', path: /\/manifests\// }),
    }
    await work()
    return Object.fromEntries(Object.entries(counters).map(([name, { count }]) => [name, count]))
  }

  test('repositories are listed as the registry has them, in two requests', async () => {
    const requests = await asked(async () => {
      const { code, pipe } = await runHere(`ls ${host} -o names`)
      expect(pipe).toMatchObject({
        out: `${host}/base\n${host}/shop/cart\n${host}/shop/empty\n${host}/shop/web\n`,
        err: '',
      })
      expect(code).toBe(0)
    })
    expect(requests).toEqual({ ping: 1, catalog: 1, tags: 0, head: 0, get: 0 })
    const { pipe } = await runHere(`ls ${host} -r shop/* --exclude-repository **/empty`)
    expect(pipe.out).toBe(`REPOSITORY\n${host}/shop/cart\n${host}/shop/web\n`)
  })

  test('tags are sorted, with digest and media type; what is empty or gone is there, and said', async () => {
    const requests = await asked(async () => {
      const { code, pipe } = await runHere(`ls ${host} -d -m -o json`)
      expect(code).toBe(0)
      const row = (name: string, tag: string | null, rest: object) => ({
        image: tag === null ? null : `${host}/${name}:${tag}`,
        ...{ registry: host, repository: name, tag, digest: null, mediaType: null, problem: null },
        ...rest,
      })
      const cart = { digest: CART.manifest.digest, mediaType: OCI }
      expect(JSON.parse(pipe.out)).toEqual([
        row('base', 'only', { problem: 'ManifestMissing' }),
        row('base', 'other', cart),
        row('shop/cart', 'v1', cart),
        row('shop/cart', 'v10', cart),
        row('shop/cart', 'v2', cart),
        row('shop/empty', null, { problem: 'RepositoryEmpty' }),
        row('shop/web', 'latest', { digest: WEB.manifest.digest, mediaType: INDEX }),
      ])
    })
    expect(requests).toEqual({ ping: 1, catalog: 1, tags: 4, head: 6, get: 0 })
  })

  test('repositories that are named are not looked for in the list, and neither is one of the argument', async () => {
    const requests = await asked(async () => {
      const { pipe } = await runHere(`ls ${host} -R -r shop/cart -r base --exclude-tag *y0 --exclude-tag o*`)
      expect(pipe.rows).toEqual([`${host}/shop/cart:v1`, `${host}/shop/cart:v10`, `${host}/shop/cart:v2`])
      expect((await runHere(`ls ${host}/shop/cart --tag v1*`)).pipe.rows).toEqual([
        `${host}/shop/cart:v1`,
        `${host}/shop/cart:v10`,
      ])
    })
    expect(requests).toEqual({ ping: 2, catalog: 0, tags: 3, head: 0, get: 0 })
  })

  test('names are what can be pulled, and stderr says what has none', async () => {
    const { code, pipe } = await runHere(`ls ${host} -R -r shop/** -o names`)
    expect(code).toBe(0)
    expect(pipe.out).toBe(
      ['cart:v1', 'cart:v10', 'cart:v2', 'web:latest'].map((name) => `${host}/shop/${name}\n`).join(''),
    )
    expect(pipe.err).toBe('tallyman: shop/empty: no tags\n')
  })

  test('tags are counted, of each repository and in all', async () => {
    const { code, pipe } = await runHere(`count ${host}`)
    expect(code).toBe(0)
    expect(pipe.out).toBe(
      [
        '     TAGS  REPOSITORY',
        `        2  ${host}/base`,
        `        3  ${host}/shop/cart`,
        `        0  ${host}/shop/empty`,
        `        1  ${host}/shop/web`,
        '        6  in 4 repositories',
        '',
      ].join('\n'),
    )
    expect(JSON.parse((await runHere(`count ${host}/shop/cart --tag v1* -o json`)).pipe.out)).toEqual({
      registry: host,
      repositories: [{ repository: 'shop/cart', tags: 2, problem: null }],
      total: { repositories: 1, tags: 2, unread: 0 },
    })
  })

  test('a repository that is not there is an error with what to do', async () => {
    const { code, pipe } = await runHere(`ls ${host}/shop`)
    expect({ code, out: pipe.out }).toEqual({ code: 1, out: '' })
    expect(pipe.err).toMatch(/^tallyman: REGISTRY_ABSENT: .*NAME_UNKNOWN.*--repository "path\/\*\*"\.\n$/)
  })

  test('a repository that may not be read is marked, and the others are there', async () => {
    const body = { errors: [{ code: 'DENIED', message: 'no' }] }
    const remove = proxy.rule({ kind: 'status', status: 403, body }, { path: '/v2/shop/empty/tags/list' })
    try {
      const { code, pipe } = await runHere(`ls ${host} -R`)
      expect(code).toBe(3)
      expect(pipe.rows.slice(-2)).toEqual([`${host}/shop/empty  (denied)`, `${host}/shop/web:latest`])
      expect(pipe.err).toMatch(
        /^tallyman: shop\/empty: denied: .*403 DENIED no\ntallyman: what is printed is complete but for what could not be read\.\n$/,
      )
      const count = await runHere(`count ${host}`)
      expect(count.code).toBe(3)
      expect(count.pipe.rows.at(-1)).toBe('        6  in 4 repositories, 1 of them not counted')
    } finally {
      remove()
    }
  })
})

describe('a long listing', () => {
  let registry: TestRegistry
  let proxy: FaultProxy

  beforeAll(async () => {
    registry = await startRegistry({ version: '3' })
    const writer = new StorageWriter(registry.storageDir)
    writer.write('long', CART)
    for (const tag of SERIES) writer.tag('long', CART.manifest.digest, tag)
    writer.write('damaged', WEB, 'latest')
    writer.write('damaged', CART, 'well')
    damage('manifest-zero', { storageDir: registry.storageDir, repository: 'damaged', reference: 'latest' })
    writer.write('unwell', CART, 'latest')
    proxy = await startFaultProxy({ upstream: registry.url })
  })

  afterAll(async () => {
    await proxy?.stop()
    await registry?.stop()
  })

  test('is printed while its next page is waited for', async () => {
    const hold = proxy.hold({ query: /last=t0999/ })
    const pipe = new Pipe()
    const running = runHere(`ls ${proxy.host}/long`, pipe)
    await hold.arrived
    await eventually(() => expect(pipe.rows).toHaveLength(1_000))
    hold.release()
    expect((await running).code).toBe(0)
    expect(pipe.rows).toEqual(SERIES.map((tag) => `${proxy.host}/long:${tag}`))
  })

  test('that breaks off is no shorter list', async () => {
    const remove = proxy.rule({ kind: 'truncate', after: 100, length: 'kept' }, { query: /last=t1999/ })
    try {
      const { code, pipe } = await runHere(`ls ${proxy.host}/long`)
      expect(code).toBe(1)
      expect(pipe.rows).toHaveLength(2_000)
      expect(pipe.err).toMatch(/^tallyman: REGISTRY_TRUNCATED: .*\ntallyman: it broke off/)
    } finally {
      remove()
    }
  })

  test.concurrent('of repositories ends where one cannot be read for the registry is not well, and is no whole JSON', async () => {
    const remove = proxy.rule({ kind: 'cut', at: 'request' }, { path: '/v2/unwell/tags/list' })
    try {
      const [list, count] = await Promise.all([
        runHere(`ls ${proxy.host} -R --tag t000*`),
        runHere(`count ${proxy.host} -o json`),
      ])
      expect(list).toMatchObject({
        code: 1,
        pipe: { rows: SERIES.slice(0, 10).map((tag) => `${proxy.host}/long:${tag}`) },
      })
      expect(list.pipe.err).toMatch(
        /^tallyman: REGISTRY_UNREACHABLE: .*\ntallyman: it broke off: what is printed is not complete\.\n$/,
      )
      expect(count.code).toBe(1)
      expect(() => JSON.parse(count.pipe.out)).toThrow(SyntaxError)
    } finally {
      remove()
    }
  })

  test.concurrent('has a manifest that is damaged, and does not end at it', async () => {
    const { code, pipe } = await runHere(`ls ${proxy.host}/damaged -d -o csv`)
    expect(code).toBe(0)
    expect(pipe.out.split('\r\n').slice(1, 3)).toEqual([
      expect.stringMatching(/,latest,,,ManifestDamaged$/),
      expect.stringMatching(/,well,sha256:[0-9a-f]{64},.+,$/),
    ])
  })

  test('ends at once where it is interrupted', async () => {
    const hold = proxy.hold({ method: 'HEAD', path: /t0100$/ })
    const stop = new AbortController()
    const pipe = new Pipe()
    const running = runHere(`ls ${proxy.host}/long -d`, pipe, stop.signal)
    await hold.arrived
    stop.abort(new TallymanError('CANCELLED', 'Ended by SIGINT'))
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    hold.release()
    expect(pipe.err).toBe('')
  })
})

describe('a hostile registry', () => {
  let registry: HostileRegistry

  beforeAll(async () => {
    registry = await startHostileRegistry({ catalog: 'circling' })
  })

  afterAll(async () => {
    await registry?.stop()
  })

  test.each([
    ['', 'REGISTRY_PAGINATION'],
    ['/circling-tags', 'REGISTRY_PAGINATION'],
    ['/endless-tag-page', 'REGISTRY_TOO_LARGE'],
    ['/deep-tags', 'REGISTRY_PAGINATION'],
    ['/html-with-200', 'REGISTRY_NOT_A_REGISTRY'],
  ])('does not keep us for ever: %s', async (place, code) => {
    const outcome = await runHere(`count ${registry.host}${place}`)
    expect(outcome.code).toBe(1)
    expect(outcome.pipe.err).toContain(`tallyman: ${code}: `)
    expect(registry.canary.visits).toEqual([])
  })
})
