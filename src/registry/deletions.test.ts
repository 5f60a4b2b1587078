import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { type FaultProxy, startFaultProxy, throttled } from '#test/harness/fault-proxy.ts'
import { containerImage, type TestImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { type RegistryWithClient, startRegistryWithClient } from '#test/harness/registry-client.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { eventually } from '#test/harness/wait.ts'
import { type Clock, systemClock } from '#time/clock.ts'
import type { AuditLine, DestructiveOptions, RegistryClient } from './client.ts'
import { RegistryPool } from './pool.ts'

const VERSIONS: readonly RegistryVersion[] = ['2.8', '3']

/** Consent for everything, and what was told of it. */
function willing(more: Partial<DestructiveOptions> = {}) {
  const lines: AuditLine[] = []
  const options: DestructiveOptions = {
    signal: new AbortController().signal,
    guard: async () => undefined,
    audit: (line) => lines.push(line),
    ...more,
  }
  return { options, lines }
}

function pushed(registry: TestRegistry, repository: string, ...tags: string[]): TestImage {
  const image = containerImage({ seed: repository })
  new StorageWriter(registry.storageDir).write(repository, image, ...tags)
  return image
}

async function tagsOf(client: RegistryClient, repository: string): Promise<string[]> {
  const tags: string[] = []
  for await (const page of client.tags(repository)) tags.push(...page)
  return tags.sort()
}

describe.each(VERSIONS)('deleting from a real registry, %s', (version) => {
  let registry: TestRegistry
  let client: RegistryClient
  let stop: RegistryWithClient['stop']

  beforeAll(async () => {
    ;({ registry, client, stop } = await startRegistryWithClient({ version }))
  })

  afterAll(() => stop())

  test('a digest goes with all its tags; a second time it is absent', async () => {
    const { digest } = pushed(registry, 'digest', 'a', 'b').manifest
    new StorageWriter(registry.storageDir).write('digest', containerImage({ seed: 'other' }), 'c')
    const { options, lines } = willing()
    expect(await client.deleteManifest('digest', digest, options)).toMatchObject({ kind: 'deleted' })
    expect(await tagsOf(client, 'digest')).toEqual(['c'])
    expect(await client.deleteManifest('digest', digest, options)).toMatchObject({ kind: 'absent' })
    expect(lines).toEqual(
      [202, 404].map((answer) => ({
        registry: registry.host,
        method: 'DELETE',
        repository: 'digest',
        reference: digest,
        answer,
        durationMs: expect.any(Number),
      })),
    )
  })

  test('a tag goes alone where the product can, and nothing goes where it can not', async () => {
    const { digest } = pushed(registry, 'tag', 'a', 'b').manifest
    const { kind } = await client.deleteManifest('tag', 'a', willing().options)
    expect(kind).toBe(version === '3' ? 'deleted' : 'unsupported')
    expect(await tagsOf(client, 'tag')).toEqual(version === '3' ? ['b'] : ['a', 'b'])
    expect((await client.headManifest('tag', 'b')).digest).toBe(digest)
  })

  test('a tag is written over, once', async () => {
    pushed(registry, 'over', 'a')
    const { manifest } = containerImage({ seed: 'over' })
    const { options, lines } = willing()
    expect(await client.overwriteTag('over', 'b', manifest, options)).toEqual({})
    expect(await tagsOf(client, 'over')).toEqual(['a', 'b'])
    expect(lines).toMatchObject([{ method: 'PUT', reference: 'b', answer: 201 }])
  })

  test('the probe says that it may, and takes nothing away', async () => {
    pushed(registry, 'probe', 'a')
    expect(await client.probeDeletion('probe', willing().options)).toMatchObject({
      tagDelete: version === '3' ? 'supported' : 'unsupported',
      digestDelete: 'supported',
      readOnly: false,
    })
    expect(await tagsOf(client, 'probe')).toEqual(['a'])
  })
})

describe.each(VERSIONS)('a registry that does not let delete, %s', (version) => {
  const account = { username: 'anna', password: 'secret' }

  async function probe(options: Omit<Parameters<typeof startRegistry>[0], 'version'>) {
    const registry = await startRegistry({ version, ...options })
    const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
    try {
      const { digest } = pushed(registry, 'app', 'a').manifest
      const credential = options.auth === undefined ? undefined : ({ kind: 'basic', ...account } as const)
      const client = pool.client({ url: registry.url, credential, limits: { concurrency: 8 } })
      const capabilities = await client.probeDeletion('app', willing().options)
      const { kind } = await client.deleteManifest('app', digest, willing().options)
      return { ...capabilities, kind }
    } finally {
      await pool.close()
      await registry.stop()
    }
  }

  test('with delete off', async () => {
    expect(await probe({ delete: false })).toMatchObject({
      tagDelete: 'disabled',
      digestDelete: 'disabled',
      readOnly: false,
      kind: 'unsupported',
      error: { code: 'REGISTRY_UNSUPPORTED' },
    })
  })

  test('in maintenance', async () => {
    expect(await probe({ readOnly: true })).toMatchObject({
      tagDelete: 'disabled',
      digestDelete: 'disabled',
      readOnly: true,
      kind: 'unsupported',
    })
  })

  test('to an account that may only pull and push', async () => {
    const grant = ({ actions }: { actions: readonly string[] }) => actions.filter((each) => each !== 'delete')
    expect(await probe({ auth: { kind: 'token', ...account, grant } })).toMatchObject({
      tagDelete: 'denied',
      digestDelete: 'denied',
      readOnly: false,
      kind: 'denied',
      error: { code: 'REGISTRY_FORBIDDEN' },
    })
  })
})

describe('S16: a request that takes something away', () => {
  const DELETE = { method: 'DELETE' } as const
  let registry: TestRegistry
  let proxy: FaultProxy
  let pool: RegistryPool
  let client: RegistryClient

  beforeAll(async () => {
    registry = await startRegistry({ version: '3' })
  })
  afterAll(() => registry.stop())
  beforeEach(async () => {
    proxy = await startFaultProxy({ upstream: registry.url })
    pool = poolWith(systemClock)
    client = pool.client({ url: proxy.url, limits: { concurrency: 8 } })
  })
  afterEach(async () => {
    // A DELETE that is still held back would be waited for.
    await proxy.stop()
    await pool.close()
  })

  const poolWith = (clock: Clock) => new RegistryPool({ clock, userAgent: 'tallyman-test' })
  const deletes = () => proxy.requests.filter(({ method }) => method === 'DELETE')

  test('is waited for although its caller gives up and the time of every other request is over', async () => {
    const { digest } = pushed(registry, 'slow', 'a').manifest
    const clock = new FakeClock()
    const slow = poolWith(clock)
    const held = proxy.hold(DELETE)
    const abort = new AbortController()
    const client = slow.client({ url: proxy.url, limits: { concurrency: 8 } })
    const deleting = client.deleteManifest('slow', digest, willing({ signal: abort.signal }).options)
    await held.arrived
    const closing = slow.close()
    abort.abort(new TallymanError('LEADERSHIP_LOST', 'the lease is lost'))
    await clock.advance(24 * 3_600_000)
    held.release()
    expect(await deleting).toMatchObject({ kind: 'deleted' })
    await closing
    expect(deletes()).toHaveLength(1)
  })

  test('is not sent once its caller has given up, nor where the guard says no', async () => {
    const { digest } = pushed(registry, 'not-sent', 'a').manifest
    const lost = new TallymanError('LEADERSHIP_LOST', 'the lease is lost')
    const { options, lines } = willing({ signal: AbortSignal.abort(lost) })
    await expect(client.deleteManifest('not-sent', digest, options)).rejects.toBe(lost)
    const guard = () => Promise.reject(lost)
    const refused = client.deleteManifest('not-sent', digest, { ...willing({ guard }).options })
    await expect(refused).rejects.toBe(lost)
    expect(proxy.requests).toEqual([])
    expect(lines).toEqual([])
  })

  test.each([
    ['it had to wait for its turn', (clock: FakeClock) => clock.advance(1_500)],
    ['the machine was suspended meanwhile', async (clock: FakeClock) => clock.jump(1_500)],
  ])('S03: asks the guard anew where %s', async (_, pass) => {
    const { digest } = pushed(registry, 'waiting', 'a').manifest
    const clock = new FakeClock()
    const slow = poolWith(clock)
    const client = slow.client({ url: proxy.url, limits: { concurrency: 1 } })
    const held = proxy.hold({ method: 'HEAD' })
    const heading = client.headManifest('waiting', 'a')
    await held.arrived
    let asked = 0
    const guard = async () => {
      asked += 1
    }
    const deleting = client.deleteManifest('waiting', digest, willing({ guard }).options)
    await eventually(() => asked === 1)
    await pass(clock)
    held.release()
    await heading
    expect(await deleting).toMatchObject({ kind: 'deleted' })
    expect(asked).toBe(2)
    await slow.close()
  })

  test('goes one at a time in a repository, and side by side in two', async () => {
    const one = pushed(registry, 'one', 'a').manifest.digest
    const two = pushed(registry, 'two', 'a').manifest.digest
    const held = proxy.hold({ ...DELETE, path: /\/one\// })
    const first = client.deleteManifest('one', one, willing().options)
    await held.arrived
    const second = client.deleteManifest('one', one, willing().options)
    expect(await client.deleteManifest('two', two, willing().options)).toMatchObject({ kind: 'deleted' })
    expect(deletes()).toHaveLength(2)
    held.release()
    expect([(await first).kind, (await second).kind]).toEqual(['deleted', 'absent'])
  })

  test.each([
    ['the connection breaks before it arrives', { kind: 'cut', at: 'request' }],
    ['its answer is lost', { kind: 'drop' }],
    ['the server fails', { kind: 'status', status: 500 }],
    ['a proxy asks to come back', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
  ] as const)('is never sent twice where %s: what it did is unknown', async (_, fault) => {
    const { digest } = pushed(registry, 'unknown', 'a').manifest
    proxy.rule(fault, DELETE)
    const { options, lines } = willing()
    expect(await client.deleteManifest('unknown', digest, options)).toMatchObject({ kind: 'unknown' })
    expect(deletes()).toHaveLength(1)
    expect(lines).toHaveLength(1)
  })

  test('is sent again after 429, with a new consent', async () => {
    const { digest } = pushed(registry, 'throttled', 'a').manifest
    proxy.rule({ ...throttled(1), times: 1 }, DELETE)
    let asked = 0
    const guard = async () => {
      asked += 1
    }
    const outcome = await client.deleteManifest('throttled', digest, willing({ guard }).options)
    expect(outcome).toMatchObject({ kind: 'deleted' })
    expect(asked).toBe(2)
  })
})
