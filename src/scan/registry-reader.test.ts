import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RegistryPool } from '#registry/pool.ts'
import type { RegistryFacts, RepositoryFacts } from '#retention/facts.ts'
import { type RegistryReadingInput, readRegistry } from '#scan/registry-reader.ts'
import { damage } from '#test/harness/damage.ts'
import {
  containerImage,
  cosignSignature,
  cosignTag,
  helmChart,
  multiPlatformImage,
} from '#test/harness/images.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

const BUILT = '2026-05-01T00:00:00Z'
const APP = containerImage({ seed: 'app', created: BUILT })
const OLD_APP = containerImage({ seed: 'old app', created: null })
const ANNOTATED = containerImage({
  seed: 'annotated',
  created: '1970-01-01T00:00:00Z',
  annotations: {
    'org.opencontainers.image.created': BUILT,
    'org.opencontainers.image.base.name': 'registry.example.com/base:1',
  },
})
const MULTI = multiPlatformImage({ seed: 'multi' })
const SIGNATURE = cosignSignature(APP)
const OLD_SIGNATURE = cosignSignature(OLD_APP)
const CHART = helmChart('chart', '1.0.0')
const LOST = containerImage({ seed: 'lost' })

describe.each(['2.8', '3'] as const)('a registry %s, read for a policy', (version) => {
  let registry: TestRegistry
  let pool: RegistryPool

  beforeAll(async () => {
    registry = await startRegistry({ version })
    const storage = new StorageWriter(registry.storageDir)
    storage.write('shop/app', APP, 'v1', 'latest')
    storage.write('shop/app', SIGNATURE, cosignTag(APP.manifest.digest, 'sig'))
    storage.write('shop/app', OLD_APP)
    storage.write('shop/annotated', ANNOTATED, 'v1')
    storage.write('shop/signed', OLD_APP)
    storage.write('shop/signed', OLD_SIGNATURE, cosignTag(OLD_APP.manifest.digest, 'sig'))
    storage.write('shop/multi', MULTI, 'v1')
    storage.write('charts/shop', CHART, '1.0.0')
    storage.write('shop/broken', APP, 'whole')
    storage.write('shop/broken', LOST, 'lost')
    storage.write('tallyman/reports', CHART, 'latest')
    damage('manifest-missing', {
      storageDir: registry.storageDir,
      repository: 'shop/broken',
      reference: 'lost',
    })
  })
  beforeEach(() => {
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  })
  afterAll(() => registry.stop())

  async function read(changes: Partial<RegistryReadingInput> = {}): Promise<RegistryFacts> {
    try {
      return await readRegistry({
        client: pool.client({ url: registry.url, limits: { concurrency: 8 } }),
        ...{ concurrency: 8, workspaces: ['tallyman'], used: usedOf(() => []) },
        ...{ clock: systemClock, signal: AbortSignal.timeout(60_000), ...changes },
      })
    } finally {
      await pool.close()
    }
  }
  const usedOf = (digests: (name: string) => Iterable<string>) => ({ digests, tags: () => [] })
  const repository = ({ repositories }: RegistryFacts, name: string): RepositoryFacts | undefined =>
    repositories.find((each) => each.name === name)
  const manifest = (
    { manifests }: RegistryFacts,
    { manifest: { digest } }: { manifest: { digest: string } },
  ) => manifests.get(digest)

  it('knows every tag with its digest, and what each manifest is', async () => {
    const facts = await read()
    expect(facts.incomplete).toBeUndefined()
    expect(facts.repositories.map(({ name }) => name)).toEqual([
      'charts/shop',
      'shop/annotated',
      'shop/app',
      'shop/broken',
      'shop/multi',
      'shop/signed',
    ])
    const app = repository(facts, 'shop/app')
    expect(app).toMatchObject({ incomplete: undefined, untagged: [] })
    expect(app?.tags.map(({ tag, digest }) => [tag, digest])).toEqual([
      ['latest', APP.manifest.digest],
      [cosignTag(APP.manifest.digest, 'sig'), SIGNATURE.manifest.digest],
      ['v1', APP.manifest.digest],
    ])
    expect(app?.tags[0]).toMatchObject({ digestSince: undefined, boundSince: undefined })
    expect(manifest(facts, APP)).toMatchObject({ kind: 'image', created: Date.parse(BUILT) })
    expect(manifest(facts, APP)?.layers).toHaveLength(2)
    expect(manifest(facts, ANNOTATED)).toMatchObject({
      created: Date.parse(BUILT),
      baseName: 'registry.example.com/base:1',
    })
    expect(manifest(facts, SIGNATURE)?.kind).toBe('artifact')
    expect(manifest(facts, CHART)).toMatchObject({ kind: 'artifact', created: undefined })
  })

  it('reads what an index holds, and says that no tag names it', async () => {
    const facts = await read()
    const children = MULTI.children.map((child) => child.manifest.digest)
    expect(manifest(facts, MULTI)?.children.map(({ digest }) => digest)).toEqual(children)
    expect(repository(facts, 'shop/multi')?.untagged).toEqual(children.toSorted())
    for (const child of children) expect(facts.manifests.has(child)).toBe(true)
  })

  it('calls a repository incomplete of which a tag names nothing that can be read', async () => {
    const broken = repository(await read(), 'shop/broken')
    expect(broken?.incomplete).toEqual(expect.stringMatching(/^lost could not be read: /))
    expect(broken?.tags.map(({ tag, digest }) => [tag, digest])).toEqual([
      ['lost', undefined],
      ['whole', APP.manifest.digest],
    ])
  })

  it('S14: finds a digest in use that no tag names any more, and asks in vain for one that is gone', async () => {
    const used = new Set([OLD_APP.manifest.digest, LOST.manifest.digest])
    const facts = await read({ used: usedOf((name) => (name === 'shop/app' ? used : [])) })
    expect(repository(facts, 'shop/app')).toMatchObject({
      incomplete: undefined,
      untagged: [OLD_APP.manifest.digest],
    })
  })

  it('finds what a signature belongs to where no tag names that any more', async () => {
    const facts = await read({ repositories: ['shop/signed'] })
    expect(repository(facts, 'shop/signed')?.untagged).toEqual([OLD_APP.manifest.digest])
  })

  it('asks a repository for itself what another one is known to have', async () => {
    const facts = await read({
      used: usedOf((name) => (name === 'charts/shop' ? [APP.manifest.digest] : [])),
    })
    expect(repository(facts, 'charts/shop')?.untagged).toEqual([])
  })

  it('S08: does not read the workspace, and says so where it was to read named repositories only', async () => {
    const facts = await read({ repositories: ['shop/app'] })
    expect(facts.repositories.map(({ name }) => name)).toEqual(['shop/app'])
    expect(facts.incomplete).toEqual(expect.stringMatching(/named/))
  })
})
