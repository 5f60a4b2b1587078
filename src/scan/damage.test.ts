import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FindingCode } from '#catalogue/finding-codes.ts'
import { judge } from '#health/judge.ts'
import { stateOf } from '#health/roll-up.ts'
import { RegistryPool } from '#registry/pool.ts'
import { compileSelection } from '#scan/selection.ts'
import { targetsInUse } from '#scan/targets.ts'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { multiPlatformImage } from '#test/harness/images.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { AT_ONCE, readingLap, scanOnce } from '#test/harness/scanning.ts'
import { StorageWriter } from '#test/harness/storage.ts'
import { systemClock } from '#time/clock.ts'

interface Expected {
  readonly manifest: readonly FindingCode[]
  readonly blobs: readonly FindingCode[]
  readonly content: readonly FindingCode[]
}

const atAll = (...codes: FindingCode[]): Expected => ({ manifest: codes, blobs: codes, content: codes })
const atBlobs = (...codes: FindingCode[]): Expected => ({ manifest: [], blobs: codes, content: codes })
/** Bytes that are wrong at the right length. */
const atContent = (...codes: FindingCode[]): Expected => ({ manifest: [], blobs: [], content: codes })

/** What a check says of each damage, by depth. docs/registrycheck.md shows it as a table. */
const FOUND: Readonly<Record<DamageKind, Expected>> = {
  'tag-gone': atAll('TagMissing'),
  'tag-link-missing': atAll('ManifestMissing'),
  'tag-link-empty': atAll('ManifestDamaged'),
  'tag-link-garbage': atAll('ManifestDamaged'),
  'revision-link-missing': atAll('ManifestMissing'),
  'revision-link-empty': atAll('ManifestDamaged'),
  'manifest-missing': atAll('ManifestMissing'),
  'manifest-zero': atAll('ManifestDamaged'),
  'manifest-cut': atAll('ManifestDamaged'),
  'manifest-altered': atAll('ManifestDamaged'),
  'config-missing': atBlobs('ConfigMissing'),
  'config-zero': atBlobs('ConfigDamaged'),
  'config-wrong-bytes': atContent('ConfigDamaged'),
  'layer-missing': atBlobs('LayerMissing'),
  'layer-zero': atBlobs('LayerDamaged'),
  'layer-half': atBlobs('LayerDamaged'),
  'layer-wrong-bytes': atContent('LayerDamaged'),
  'layer-link-missing': atBlobs('LayerMissing'),
  'child-missing': atAll('PlatformMissing'),
}
const KINDS = Object.keys(FOUND).filter((name): name is DamageKind => name in FOUND)

/**
 * docker-registry 2.8 answers 500 to a link that holds no digest, with the same body as when its storage fails: that
 * says nothing about the image (S22).
 */
const FOUND_ON_2: Partial<Record<DamageKind, Expected>> = {
  'tag-link-empty': atAll('NotExamined'),
  'tag-link-garbage': atAll('NotExamined'),
  'revision-link-empty': atAll('NotExamined'),
}
/** With a descriptor cache the registry still believes in the blob, and breaks off when it shall send it. */
const FOUND_WITH_CACHE: Partial<Record<DamageKind, Expected>> = {
  'config-missing': atBlobs('ConfigDamaged'),
  'layer-missing': atBlobs('LayerDamaged'),
  'layer-link-missing': atBlobs(),
}
/** distribution 3 also keeps the links of revisions in its cache. */
const FOUND_WITH_CACHE_OF_3: Partial<Record<DamageKind, Expected>> = {
  'revision-link-missing': atAll(),
  'revision-link-empty': atAll(),
}

interface Setting {
  readonly version: RegistryVersion
  readonly cache: boolean
}
const SETTINGS: readonly Setting[] = [
  { version: '2.8', cache: false },
  { version: '2.8', cache: true },
  { version: '3', cache: false },
  { version: '3', cache: true },
]

function expected(kind: DamageKind, { version, cache }: Setting): Expected {
  const all = { ...FOUND, ...(version === '2.8' ? FOUND_ON_2 : {}), ...(cache ? FOUND_WITH_CACHE : {}) }
  return { ...all, ...(cache && version === '3' ? FOUND_WITH_CACHE_OF_3 : {}) }[kind]
}

function verdict(codes: readonly FindingCode[]): readonly string[] {
  if (codes.length === 0) return ['healthy']
  return [codes.includes('NotExamined') ? 'unknown' : 'unhealthy', ...codes]
}

/** State and codes of each image, by repository. */
type Verdicts = ReadonlyMap<string, readonly string[]>

const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })

async function check(registry: TestRegistry, depth: 'Manifest' | 'Blobs' | 'Content'): Promise<Verdicts> {
  const snapshot = snapshotOf(KINDS.map((kind) => imageUse(`${registry.host}/${kind}:v1`)))
  const { targets } = targetsInUse(
    snapshot,
    { host: registry.host, aliases: [] },
    compileSelection(undefined),
  )
  const evidence = await scanOnce(
    pool.client({ url: registry.url, limits: { concurrency: 16 } }),
    targets.map(({ target }) => target),
    { depth, concurrency: KINDS.length, proofs: readingLap(), content: AT_ONCE },
  )
  const context = { platforms: snapshot.platforms, severity: [], ignore: [], now: 0 }
  return new Map(
    evidence.map((seen, index) => {
      const judged = judge(targets[index]?.use ?? imageUse(''), seen, context)
      const codes = judged.findings.map(({ code }) => code)
      return [seen.repository, [stateOf(judged), ...new Set(codes)]]
    }),
  )
}

interface World {
  readonly registry: TestRegistry
  readonly before: Verdicts
  readonly manifest: Verdicts
  readonly blobs: Verdicts
  readonly content: Verdicts
}

/** A registry in which one image is damaged in each way, and what a check said before and after. */
async function damagedWorld(setting: Setting): Promise<World> {
  const registry = await startRegistry(setting)
  const storage = new StorageWriter(registry.storageDir)
  for (const kind of KINDS) storage.write(kind, multiPlatformImage({ seed: kind }), 'v1')
  // The look before the damage fills the cache.
  const before = await check(registry, 'Blobs')
  for (const kind of KINDS) {
    const child = multiPlatformImage({ seed: kind }).children[0]?.manifest.digest ?? ''
    const reference = /^(config|layer)-/.test(kind) ? child : 'v1'
    damage(kind, { storageDir: registry.storageDir, repository: kind, reference })
  }
  const [manifest, blobs, content] = await Promise.all([
    check(registry, 'Manifest'),
    check(registry, 'Blobs'),
    check(registry, 'Content'),
  ])
  return { registry, before, manifest, blobs, content }
}

let worlds: readonly World[] = []
beforeAll(async () => {
  worlds = await Promise.all(SETTINGS.map(damagedWorld))
})
afterAll(async () => {
  await pool.close()
  await Promise.all(worlds.map(({ registry }) => registry.stop()))
})

describe.each(SETTINGS)('S22: what a check finds on registry $version, cache $cache', (setting) => {
  test.each(KINDS)('%s', (kind) => {
    const world = worlds[SETTINGS.indexOf(setting)]
    const { manifest, blobs, content } = expected(kind, setting)
    expect({
      before: world?.before.get(kind),
      manifest: world?.manifest.get(kind),
      blobs: world?.blobs.get(kind),
      content: world?.content.get(kind),
    }).toEqual({
      before: ['healthy'],
      manifest: verdict(manifest),
      blobs: verdict(blobs),
      content: verdict(content),
    })
  })
})
