import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RegistryCheckSpec } from '#crds/registry-check.ts'
import { RegistryPool } from '#registry/pool.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory, type LapMemory } from '#scan/lap-input.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { imageSeries, multiPlatformImage, type TestImage } from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const REPOSITORIES = ['team/a', 'team/b', 'team/c']
/** Each repository has builds that share their base, one of them under two tags, and an image for several platforms. */
const BUILDS = [...imageSeries({ seed: 'requests', count: 8, sharedLayers: 5, ownLayers: 2 })]
const MULTI = multiPlatformImage({ seed: 'requests' })
const TAGS: readonly (readonly [tag: string, image: TestImage])[] = [
  ...BUILDS.map((image, build) => [`b${build}`, image] as const),
  ['latest', BUILDS.at(-1) ?? MULTI],
  ['multi', MULTI],
]
const ACCOUNT = { username: 'reader', password: 'secret' }

function blobsOf({ blobs, children }: TestImage): string[] {
  return [...blobs.map(({ digest }) => digest), ...children.flatMap(blobsOf)]
}

describe('a check fetches no more than it must, at a registry with tokens', () => {
  let registry: TestRegistry
  let pool: RegistryPool
  const asked: { readonly method: string; readonly status: number | string; readonly host: string }[] = []

  beforeAll(async () => {
    registry = await startRegistry({ version: '3', auth: { kind: 'token', ...ACCOUNT } })
    const storage = new StorageWriter(registry.storageDir)
    for (const repository of REPOSITORIES) {
      for (const [tag, image] of TAGS) storage.write(repository, image, tag)
    }
    pool = new RegistryPool({
      clock: systemClock,
      userAgent: 'tallyman-test',
      observer: { finished: (request) => asked.push(request) },
    })
  })
  afterAll(async () => {
    await pool.close()
    await registry.stop()
  })

  async function run(memory: LapMemory) {
    const client = pool.client({
      ...{ url: registry.url, limits: { concurrency: 16 }, credential: { kind: 'basic', ...ACCOUNT } },
      trustedRealms: [new URL(registry.tokenServer?.realm ?? registry.url).origin],
    })
    // As the controller of the Registry does: from then on it is known where tokens are to be had.
    await client.ping()
    asked.length = 0
    const names = REPOSITORIES.flatMap((repository) => TAGS.map(([tag]) => `${repository}:${tag}`))
    const refs = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
    return lap({
      client,
      names: { host: registry.host, aliases: [] },
      snapshot: snapshotOf(names.map((name) => imageUse(`${registry.host}/${name}`))),
      spec: RegistryCheckSpec.parse(refs),
      ...{ pullThrough: false, concurrency: 16, memory, untilNextLapMs: 900_000, provesAnew: false },
      ...{ readingMs: 0, clock: systemClock, signal: new AbortController().signal },
    })
  }

  test('one request for each tag, distinct manifest of an index, distinct blob of a repository, and token; then one HEAD a tag', async () => {
    const first = await run(emptyMemory(systemClock))
    expect(first.images).toMatchObject({ total: REPOSITORIES.length * TAGS.length, unhealthy: 0, unknown: 0 })
    const blobs = new Set(TAGS.flatMap(([, image]) => blobsOf(image)))
    const perRepository = TAGS.length + MULTI.children.length + blobs.size
    const ofRegistry = asked.filter(({ host }) => host === registry.host)
    const tokens = asked.filter(({ host }) => host !== registry.host)
    expect(ofRegistry).toHaveLength(REPOSITORIES.length * perRepository)
    expect(ofRegistry.filter(({ status }) => status === 401)).toEqual([])
    expect(tokens).toHaveLength(REPOSITORIES.length)

    const second = await run(first.memory)
    expect(second.images).toEqual(first.images)
    expect(asked.map(({ method }) => method)).toEqual(
      Array.from({ length: REPOSITORIES.length * TAGS.length }, () => 'HEAD'),
    )
  })
})
