import { RegistryCheckSpec } from '#crds/registry-check.ts'
import { RegistryPool } from '#registry/pool.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory } from '#scan/lap-input.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { type Fault, startFaultProxy } from '#test/harness/fault-proxy.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { imageSeries } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

/** What real networks and loaded registries do, to one request in some twenty. */
const FAULTS = {
  'reset before the request': { kind: 'cut', at: 'request', reset: true, probability: 0.01 },
  'reset after the headers': { kind: 'cut', at: 'headers', reset: true, probability: 0.01 },
  '500': { kind: 'status', status: 500, probability: 0.01 },
  '503': { kind: 'status', status: 503, headers: { 'retry-after': '0' }, probability: 0.005 },
  '429': { kind: 'status', status: 429, headers: { 'retry-after': '0' }, probability: 0.005 },
  slow: { kind: 'delay', at: 'headers', ms: 50, probability: 0.02 },
  truncated: { kind: 'truncate', after: 0, length: 'kept', probability: 0.01 },
} as const satisfies Record<string, Fault>

const BROKEN: readonly DamageKind[] = [
  'tag-gone',
  'manifest-missing',
  'config-missing',
  'layer-missing',
  'layer-zero',
  'layer-half',
]
/** What depth Content finds besides. */
const WRONG_BYTES: readonly DamageKind[] = ['config-wrong-bytes', 'layer-wrong-bytes']

export interface RoughNetworkOptions {
  readonly version: RegistryVersion
  readonly depth: 'Blobs' | 'Content'
  /** Images that are whole. */
  readonly whole: number
  /** Requests at once. */
  readonly concurrency: number
}

export interface RoughNetworkResult {
  readonly whole: number
  /** Of those that are whole: seen healthy, and called broken. */
  readonly seenWhole: number
  readonly falselyBroken: readonly string[]
  /** Findings about images that are whole, but for those that say that one was not examined. */
  readonly falseFindings: readonly string[]
  /** The damage that was planted, one image each, and what of it was found. */
  readonly planted: readonly DamageKind[]
  readonly found: readonly DamageKind[]
  /** How often each fault struck, by its name. */
  readonly struck: ReadonlyMap<string, number>
  readonly requests: number
}

/** One lap over a registry behind a bad network, with some images that are really damaged among those that are whole. */
export async function checkThroughRoughNetwork(options: RoughNetworkOptions): Promise<RoughNetworkResult> {
  const { version, depth, whole, concurrency } = options
  const registry = await startRegistry({ version })
  const proxy = await startFaultProxy({ upstream: registry.url, seed: 5 })
  const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
  try {
    const planted = depth === 'Content' ? [...BROKEN, ...WRONG_BYTES] : BROKEN
    const images = [...writeWhole(registry, whole), ...planted.map((kind) => writeBroken(registry, kind))]
    const struck = new Map<string, number>()
    for (const [name, fault] of Object.entries(FAULTS)) {
      struck.set(name, 0)
      proxy.rule({ ...fault, onStrike: () => struck.set(name, (struck.get(name) ?? 0) + 1) })
    }
    const refs = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
    const content = depth === 'Content' ? { content: { cycle: '1s', bytesPerSecond: 1_000_000_000 } } : {}
    const done = await lap({
      client: pool.client({ url: proxy.url, limits: { concurrency } }),
      names: { host: registry.host, aliases: [] },
      snapshot: snapshotOf(images.map((image) => imageUse(`${registry.host}/${image}`))),
      spec: RegistryCheckSpec.parse({ ...refs, depth, ...content }),
      memory: emptyMemory(systemClock),
      ...{ pullThrough: false, concurrency, provesAnew: true, clock: systemClock },
      ...{ untilNextLapMs: 900_000, readingMs: 600_000, signal: new AbortController().signal },
    })
    const isWhole = (image: string) => image.startsWith(`${registry.host}/whole/`)
    const broken = done.lookedAt.filter(({ state }) => state === 'unhealthy').map(({ use }) => use.image)
    const aboutWhole = done.findings.filter(({ use, code }) => isWhole(use.image) && code !== 'NotExamined')
    return {
      ...{ whole, planted, struck, requests: proxy.count },
      seenWhole: done.lookedAt.filter(({ use, state }) => isWhole(use.image) && state === 'healthy').length,
      falselyBroken: broken.filter(isWhole),
      falseFindings: aboutWhole.map(({ code, use, message }) => `${code} ${use.image}: ${message}`),
      found: planted.filter((kind) => broken.includes(`${registry.host}/broken/${kind}:v1`)),
    }
  } finally {
    await pool.close()
    await proxy.stop()
    await registry.stop()
  }
}

function writeWhole(registry: TestRegistry, count: number): readonly string[] {
  const writer = new StorageWriter(registry.storageDir)
  const series = imageSeries({ seed: 'whole', count, sharedLayers: 4, ownLayers: 2 })
  return [...series].map((image, build) => {
    writer.write('whole/app', image, `b${build}`)
    return `whole/app:b${build}`
  })
}

function writeBroken(registry: TestRegistry, kind: DamageKind): string {
  const repository = `broken/${kind}`
  const writer = new StorageWriter(registry.storageDir)
  for (const image of imageSeries({ seed: kind, count: 1 })) writer.write(repository, image, 'v1')
  damage(kind, { storageDir: registry.storageDir, repository, reference: 'v1' })
  return `${repository}:v1`
}
