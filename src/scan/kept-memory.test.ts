import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import type { RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import type { BlobFacts, ManifestFacts, ManifestKind } from '#retention/facts.ts'
import { BindingsBuilder, bindingFiles } from '#scan/kept-bindings.ts'
import { CellReader, CellWriter } from '#scan/kept-cells.ts'
import { manifestFiles, readManifests } from '#scan/kept-manifests.ts'
import { inKnownOrder, keepMemory, readMemory, type ScanMemory } from '#scan/kept-memory.ts'
import { readSoak, soakFiles } from '#scan/kept-soak.ts'
import { SharedFacts } from '#scan/policy-facts.ts'
import { damage } from '#test/harness/damage.ts'
import { artifact } from '#test/harness/images.ts'
import { pushImage } from '#test/harness/push.ts'
import { startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { systemClock } from '#time/clock.ts'

const IDENTITY = { uid: 'u', url: 'https://registry.example' }
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`
const CALL = { signal: new AbortController().signal }
const NONE: ReadonlySet<string> = new Set()

function manifestOf(n: number): ManifestFacts {
  return {
    ...{ digest: digest(n), kind: 'image', mediaType: 'm', artifactType: undefined, size: n },
    ...{ children: [], config: { digest: digest(n + 1_000_000), size: 2 }, created: n },
    layers: [{ digest: digest(7), size: 3 }],
    ...{ subject: undefined, baseName: undefined, baseDigest: undefined },
  }
}

function memoryOf(count: number, at = 1): ScanMemory {
  const places = Array.from({ length: count }, (_, n) => n)
  const column = <T>(of: (n: number) => T) => places.map(of)
  const app = {
    ...{ tags: column((n) => `t${100_000 + n}`), digests: column(digest) },
    ...{ boundSince: column(() => 2), digestSince: column(() => 1) },
  }
  return {
    bindings: { registry: IDENTITY, at, firstAt: 1, repositories: new Map([['app', app]]) },
    ledgers: new Map([
      ['ops/all', { id: 'old', other: { id: 'new', noticedAt: at } }],
      ['ops/other', { id: 'one' }],
    ]),
    manifests: new Map(places.map((n) => [digest(n), manifestOf(n)])),
    soak: { mark: 'm', lastAt: at, since: new Map(places.slice(0, 10).map((n) => [`evict ${n}`, n])) },
  }
}

const text = fc.string()
const optional = fc.option(text, { nil: undefined })
// A digest has one size.
const blob = text.map<BlobFacts>((named) => ({ digest: named, size: named.length }))
const facts = fc.record<ManifestFacts>({
  ...{ digest: text, mediaType: text, artifactType: optional, subject: optional },
  ...{ baseName: optional, baseDigest: optional, size: fc.nat() },
  kind: fc.constantFrom<ManifestKind>('image', 'index', 'artifact'),
  children: fc.array(fc.record({ digest: text, platform: optional })),
  config: fc.option(blob, { nil: undefined }),
  layers: fc.array(blob),
  created: fc.option(fc.integer(), { nil: undefined }),
})

describe('what is kept', () => {
  test('is read back as it was: manifests', () => {
    const one = fc.uniqueArray(facts, { selector: (each) => each.digest })
    fc.assert(
      fc.property(one, (all) => {
        const manifests = new Map(all.map((each) => [each.digest, each]))
        const read = [...manifestFiles(manifests)].flatMap((file) => [
          ...readManifests(new CellReader(file), new SharedFacts()),
        ])
        expect(read).toEqual(all)
      }),
    )
  })

  test('is read back as it was: bindings and agreement', () => {
    const row = fc.tuple(text, text, fc.nat(), fc.nat())
    const rows = fc.uniqueArray(row, { selector: ([tag]) => tag, minLength: 1 })
    fc.assert(
      fc.property(fc.dictionary(text, rows), fc.dictionary(text, fc.nat()), (all, agreed) => {
        const repositories = new Map(
          Object.entries(all).map(([name, each]) => [
            name,
            {
              ...{ tags: each.map(([tag]) => tag), digests: each.map(([, named]) => named) },
              ...{ boundSince: each.map(([, , at]) => at), digestSince: each.map(([, , , at]) => at) },
            },
          ]),
        )
        const builder = new BindingsBuilder(new SharedFacts())
        for (const file of bindingFiles(repositories)) builder.add(new CellReader(file))
        expect(builder.repositories).toEqual(repositories)
        const since = new Map(Object.entries(agreed))
        const read = [...soakFiles(since)].flatMap((file) => [...readSoak(new CellReader(file))])
        expect(new Map(read)).toEqual(since)
      }),
    )
  })

  test('names equal texts and blobs with one string and one object', () => {
    const shared = new SharedFacts()
    const read = [manifestOf(1), manifestOf(2)].flatMap((each) => {
      const [file = Buffer.alloc(0)] = manifestFiles(new Map([[each.digest, each]]))
      return [...readManifests(new CellReader(file), shared)]
    })
    expect(read[0]?.layers[0]).toBe(read[1]?.layers[0])
  })

  test.each([
    ['no JSON', '{'],
    ['something else', '[]'],
    ['texts that are none', '{"texts":[1],"cells":[0]}'],
    ['a text that is not there', '{"texts":["a"],"cells":[1]}'],
    ['no text at all', '{"texts":["a"],"cells":[null]}'],
    ['no number', '{"texts":["a"],"cells":["a"]}'],
    ['too few cells', '{"texts":["a"],"cells":[0]}'],
  ])('is refused where it is %s', (_, content) => {
    const read = () => [...readManifests(new CellReader(Buffer.from(content)), new SharedFacts())]
    expect(read).toThrowError(expect.objectContaining({ code: 'MEMORY_INVALID' }))
  })

  test('is refused where it names more rows than it has', () => {
    const cells = new CellWriter()
    cells.number(1e9)
    const reader = new CellReader(cells.bytes())
    expect(() => reader.list(() => 0)).toThrowError(expect.objectContaining({ code: 'MEMORY_INVALID' }))
  })
})

test('what a scan has read stays in the order in which it became known', () => {
  const known = new Map([1, 2, 3].map((n) => [digest(n), manifestOf(n)]))
  const seen = new Map([4, 3, 1].map((n) => [digest(n), manifestOf(n)]))
  expect([...atOnce(inKnownOrder(known, seen)).keys()]).toEqual([1, 3, 4].map(digest))
})

describe.each(['2.8', '3'] as const)('a memory in a registry %s', (version) => {
  let registry: TestRegistry
  let pool: RegistryPool
  let client: RegistryClient
  let sent: string[] = []

  beforeAll(async () => {
    registry = await startRegistry({ version })
    const observer = { finished: ({ method }: { method: string }) => void sent.push(method) }
    pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test', observer })
    client = pool.client({ url: registry.url, limits: { concurrency: 8 } })
  })
  afterAll(async () => {
    await pool.close()
    await registry.stop()
  })

  const placeOf = (name: string) => ({ client, repository: `tallyman/policies/apps/${name}`, tag: 'memory' })

  test('is read by the next process as it was', async () => {
    const place = placeOf('whole')
    expect(await readMemory(place, CALL)).toBeUndefined()
    const memory = memoryOf(5_000)
    const files = await keepMemory(place, memory, NONE, CALL)
    expect(await readMemory(place, CALL)).toEqual({ memory, files })
    const none = { ...memory, soak: undefined }
    await keepMemory(place, none, files, CALL)
    expect((await readMemory(place, CALL))?.memory).toEqual(none)
  })

  test('is kept again at the price of what has changed', async () => {
    const place = placeOf('changed')
    const files = await keepMemory(place, memoryOf(6_000), NONE, CALL)
    expect(files.size).toBeGreaterThan(10)
    sent = []
    const more = await keepMemory(place, memoryOf(6_001, 2), files, CALL)
    // The two files that grew, POST and PUT each; the config; the manifest.
    expect(sent.length).toBeLessThanOrEqual(6)
    expect([...more].filter((file) => !files.has(file)).length).toBeLessThanOrEqual(2)
    expect((await readMemory(place, CALL))?.memory).toEqual(memoryOf(6_001, 2))
  })

  test('is no memory where something else lies there, or its files are damaged', async () => {
    const foreign = placeOf('foreign')
    await pushImage(registry, foreign.repository, artifact({ seed: 'foreign' }), 'memory')
    await expect(readMemory(foreign, CALL)).rejects.toMatchObject({ code: 'MEMORY_INVALID' })
    const place = placeOf('damaged')
    await keepMemory(place, memoryOf(3), NONE, CALL)
    const { repository } = place
    damage('layer-half', { storageDir: registry.storageDir, repository, reference: 'memory' })
    await expect(readMemory(place, CALL)).rejects.toMatchObject({ kind: 'damaged' })
  })

  test('is not kept where the fence says no', async () => {
    const beforeSend = () => {
      throw new Error('no longer the leader')
    }
    const place = placeOf('fenced')
    await expect(keepMemory(place, memoryOf(3), NONE, { ...CALL, beforeSend })).rejects.toThrow(/leader/)
    expect(await readMemory(place, CALL)).toBeUndefined()
  })
})
