import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DamageKind, damage } from '#test/harness/damage.ts'
import { multiPlatformImage } from '#test/harness/images.ts'
import { type Observation, observe } from '#test/harness/observation.ts'
import { type RegistryVersion, startRegistry, type TestRegistry } from '#test/harness/registry.ts'
import { StorageWriter } from '#test/harness/storage.ts'

const HEALTHY: Observation = {
  listed: true,
  byTag: '200 whole',
  byDigest: '200 whole',
  unchanged: '304',
  configGet: '200 whole',
  layerHead: '200 full length',
  layerGet: '200 whole',
  lastByte: '206 whole',
  child: '200 whole',
}

const UNKNOWN_MANIFEST = { byTag: '404 MANIFEST_UNKNOWN', byDigest: '404 MANIFEST_UNKNOWN' }
const SERVER_ERROR = { byTag: '500 UNKNOWN', byDigest: '500 UNKNOWN' }
const NO_LAYER = { layerHead: '404', layerGet: '404 BLOB_UNKNOWN', lastByte: '404 BLOB_UNKNOWN' }

/**
 * What differs from a healthy image without the descriptor cache. `unchanged` never does: If-None-Match is answered
 * before the manifest is looked at.
 */
const SEEN: Readonly<Record<DamageKind, Partial<Observation>>> = {
  'tag-gone': { listed: false, byTag: '404 MANIFEST_UNKNOWN' },
  'tag-link-missing': { byTag: '404 MANIFEST_UNKNOWN' },
  'tag-link-empty': { byTag: '500 UNKNOWN' },
  'tag-link-garbage': { byTag: '500 UNKNOWN' },
  'revision-link-missing': UNKNOWN_MANIFEST,
  'revision-link-empty': SERVER_ERROR,
  'manifest-missing': UNKNOWN_MANIFEST,
  'manifest-zero': SERVER_ERROR,
  'manifest-cut': SERVER_ERROR,
  'manifest-altered': { byTag: '200 other', byDigest: '200 other' },
  'config-missing': { configGet: '404 BLOB_UNKNOWN' },
  'config-zero': { configGet: '200 empty' },
  'config-wrong-bytes': { configGet: '200 other' },
  'layer-missing': NO_LAYER,
  'layer-zero': { layerHead: '200 length 0', layerGet: '200 empty', lastByte: '416' },
  'layer-half': { layerHead: '200 shorter', layerGet: '200 other', lastByte: '416' },
  'layer-wrong-bytes': { layerGet: '200 other' },
  'layer-link-missing': NO_LAYER,
  'child-missing': { child: '404 MANIFEST_UNKNOWN' },
}

/** A cached descriptor promises the length that the blob once had; the body then ends early. */
const LAYER_CUT = { layerGet: '200 cut', lastByte: '206 cut' }
const SEEN_WITH_CACHE: Partial<Record<DamageKind, Partial<Observation>>> = {
  'config-missing': { configGet: '200 cut' },
  'config-zero': { configGet: '200 cut' },
  'layer-missing': LAYER_CUT,
  'layer-zero': LAYER_CUT,
  'layer-half': LAYER_CUT,
  'layer-link-missing': {},
}

/** Where distribution 3 differs from 2.8. */
const SEEN_ON_3: Partial<Record<DamageKind, Partial<Observation>>> = {
  'layer-zero': { layerHead: '200 length 0', layerGet: '200 empty', lastByte: '200 empty' },
}
const SEEN_ON_3_WITH_CACHE: Partial<Record<DamageKind, Partial<Observation>>> = {
  'revision-link-missing': {},
  'revision-link-empty': {},
}

const KINDS = [...Object.keys(SEEN)].filter(isKind)

function isKind(name: string): name is DamageKind {
  return name in SEEN
}

/** An index; what is damaged in its first child is damaged by the child's digest. */
function imageOf(kind: DamageKind) {
  const image = multiPlatformImage({ seed: kind })
  const child = image.children[0]?.manifest.digest ?? ''
  return { image, reference: /^(config|layer)-/.test(kind) ? child : 'v1' }
}

function seen(kind: DamageKind, version: RegistryVersion, cache: boolean): Observation {
  const general = cache ? (SEEN_WITH_CACHE[kind] ?? SEEN[kind]) : SEEN[kind]
  const special = version === '3' ? (cache ? SEEN_ON_3_WITH_CACHE : SEEN_ON_3)[kind] : undefined
  return { ...HEALTHY, ...(special ?? general) }
}

describe.each<[RegistryVersion, boolean]>([
  ['2.8', false],
  ['2.8', true],
  ['3', false],
  ['3', true],
])('damage on registry %s, cache %s', (version, cache) => {
  let registry: TestRegistry

  beforeAll(async () => {
    registry = await startRegistry({ version, cache })
  })
  afterAll(() => registry.stop())

  test.each(KINDS)('shows on the wire: %s', async (kind) => {
    const { image, reference } = imageOf(kind)
    new StorageWriter(registry.storageDir).write(kind, image, 'v1')
    // The first look fills the cache.
    expect(await observe(registry, kind, 'v1', image)).toEqual(HEALTHY)
    damage(kind, { storageDir: registry.storageDir, repository: kind, reference })
    expect(await observe(registry, kind, 'v1', image)).toEqual(seen(kind, version, cache))
  })
})

describe('damage', () => {
  let registry: TestRegistry

  beforeAll(async () => {
    registry = await startRegistry({ version: '3' })
  })
  afterAll(() => registry.stop())

  test.each(KINDS)('can be undone: %s', async (kind) => {
    const { image, reference } = imageOf(kind)
    new StorageWriter(registry.storageDir).write(kind, image, 'v1')
    const repair = damage(kind, { storageDir: registry.storageDir, repository: kind, reference })
    repair()
    expect(await observe(registry, kind, 'v1', image)).toEqual(HEALTHY)
  })

  test('to something that is not there is an error', () => {
    const { image } = imageOf('child-missing')
    new StorageWriter(registry.storageDir).write('missing', image, 'v1')
    const target = { storageDir: registry.storageDir, repository: 'missing', reference: 'v1' }
    expect(() => damage('layer-zero', target)).toThrow('the manifest has no layer 0')
    expect(() => damage('child-missing', { ...target, child: 2 })).toThrow('the manifest has no child 2')
  })
})
