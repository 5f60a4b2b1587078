import { type DamageKind, damage, type Repair } from '#test/harness/damage.ts'
import {
  attestationFor,
  containerImage,
  helmChart,
  imageIndex,
  LINUX_AMD64,
  multiPlatformImage,
  type TestImage,
} from '#test/harness/images.ts'
import { StorageWriter } from '#test/harness/storage.ts'

/** One image of a registry and what is done to it, as a pod of a linux/amd64 node meets it. */
export interface Case {
  /** Of the repository, too. */
  readonly name: string
  /** The same for the same seed. Absent: the repository does not exist. */
  readonly image?: (seed: string) => TestImage
  /** How pods name it, by default `tag`. */
  readonly by?: 'tag' | 'digest' | 'tag and digest'
  readonly damage?: Damage
  /** Whether its program runs on the node once it is there, by default true. */
  readonly runs?: boolean
}

interface Damage {
  readonly kind: DamageKind
  /** Which manifest is hurt: its digest, by default what the tag names. */
  readonly of?: (image: TestImage) => string
  readonly layer?: number
  readonly child?: number
}

const ARM64 = { os: 'linux', architecture: 'arm64', variant: 'v8' }
const I386 = { os: 'linux', architecture: '386' }
/** A node of amd64 takes it for a machine that it is not, whatever its processor can do. */
const AMD64_V3 = { ...LINUX_AMD64, variant: 'v3' }

const oci = (seed: string) => containerImage({ seed, runnable: true })
const docker = (seed: string) => containerImage({ seed, runnable: true, family: 'docker' })
const index = (seed: string) => multiPlatformImage({ seed, runnable: true })
const list = (seed: string) => multiPlatformImage({ seed, runnable: true, family: 'docker' })
const attested = (seed: string) => multiPlatformImage({ seed, runnable: true, attestations: true })
const arm64 = (seed: string) => containerImage({ seed, runnable: true, platform: ARM64 })
/** An index over images for amd64 that it calls something else. */
const indexOf =
  (...platforms: readonly (typeof AMD64_V3 | typeof LINUX_AMD64 | undefined)[]) =>
  (seed: string) =>
    imageIndex(
      'oci',
      platforms.map((platform, at) => ({ image: oci(`${seed}/${at}`), ...(platform && { platform }) })),
    )
/** Its lower layers are those of the other images with this name in the same registry. */
const sharing = (name: string) => (seed: string) =>
  containerImage({
    seed,
    runnable: true,
    layers: ['base', 'app'].map((layer) => ({ seed: `${prefixOf(seed)}/${name}/${layer}`, size: 512 })),
  })

const child = (at: number) => (image: TestImage) => image.children[at]?.manifest.digest ?? ''
const forAmd64 = child(0)
const forArm64 = child(1)

/** Nothing is damaged. */
const WHOLE: readonly Case[] = [
  { name: 'whole', image: oci },
  { name: 'whole-docker', image: docker },
  { name: 'whole-index', image: index },
  { name: 'whole-list', image: list },
  { name: 'whole-attested', image: attested },
  { name: 'whole-by-digest', image: oci, by: 'digest' },
  { name: 'whole-index-by-digest', image: index, by: 'digest' },
  { name: 'whole-by-both', image: oci, by: 'tag and digest' },
  { name: 'whole-sharing-1', image: sharing('whole') },
  { name: 'whole-sharing-2', image: sharing('whole') },
  {
    name: 'whole-deep',
    image: (seed) => {
      const layers = Array.from({ length: 12 }, (_, at) => ({ seed: `${seed}/${at}`, size: 300 }))
      return containerImage({ seed, runnable: true, layers })
    },
  },
  { name: 'whole-without-platform', image: indexOf(undefined) },
  { name: 'whole-nested', image: (seed) => imageIndex('oci', [{ image: index(seed) }]) },
  // These can be pulled, and hold no program for the node.
  { name: 'whole-for-others', image: arm64, runs: false },
  { name: 'whole-chart', image: (seed) => helmChart(seed, '1.0.0'), runs: false },
]

/** Damage that a pull for linux/amd64 does not meet. */
const HARMLESS: readonly Case[] = [
  { name: 'other-layer-missing', image: index, damage: { kind: 'layer-missing', of: forArm64 } },
  { name: 'other-layer-wrong', image: index, damage: { kind: 'layer-wrong-bytes', of: forArm64 } },
  { name: 'other-config-zero', image: list, damage: { kind: 'config-zero', of: forArm64 } },
  { name: 'other-child-missing', image: index, damage: { kind: 'child-missing', child: 1 } },
  {
    name: 'other-variant-missing',
    image: indexOf(LINUX_AMD64, AMD64_V3),
    damage: { kind: 'layer-missing', of: child(1) },
  },
  { name: 'attestation-missing', image: attested, damage: { kind: 'child-missing', child: 2 } },
]

/** Every kind of damage to an index; what is hurt of a child is hurt of that for amd64. */
const KINDS: Readonly<Record<DamageKind, Damage>> = {
  'tag-gone': { kind: 'tag-gone' },
  'tag-link-missing': { kind: 'tag-link-missing' },
  'tag-link-empty': { kind: 'tag-link-empty' },
  'tag-link-garbage': { kind: 'tag-link-garbage' },
  'revision-link-missing': { kind: 'revision-link-missing' },
  'revision-link-empty': { kind: 'revision-link-empty' },
  'manifest-missing': { kind: 'manifest-missing' },
  'manifest-zero': { kind: 'manifest-zero' },
  'manifest-cut': { kind: 'manifest-cut' },
  'manifest-altered': { kind: 'manifest-altered' },
  'config-missing': { kind: 'config-missing', of: forAmd64 },
  'config-zero': { kind: 'config-zero', of: forAmd64 },
  'config-wrong-bytes': { kind: 'config-wrong-bytes', of: forAmd64 },
  'layer-missing': { kind: 'layer-missing', of: forAmd64 },
  'layer-zero': { kind: 'layer-zero', of: forAmd64 },
  'layer-half': { kind: 'layer-half', of: forAmd64 },
  'layer-wrong-bytes': { kind: 'layer-wrong-bytes', of: forAmd64 },
  'layer-link-missing': { kind: 'layer-link-missing', of: forAmd64 },
  'child-missing': { kind: 'child-missing' },
}

/** Damage that breaks the pull. */
const DAMAGED: readonly Case[] = [
  ...Object.entries(KINDS).map(([name, hurt]): Case => ({ name, image: index, damage: hurt })),
  { name: 'digest-revision-missing', image: oci, by: 'digest', damage: { kind: 'revision-link-missing' } },
  { name: 'digest-manifest-altered', image: oci, by: 'digest', damage: { kind: 'manifest-altered' } },
  { name: 'digest-manifest-missing', image: index, by: 'digest', damage: { kind: 'manifest-missing' } },
  { name: 'docker-layer-missing', image: docker, damage: { kind: 'layer-missing' } },
  { name: 'docker-config-missing', image: docker, damage: { kind: 'config-missing' } },
  { name: 'docker-layer-wrong', image: docker, damage: { kind: 'layer-wrong-bytes', layer: 2 } },
  { name: 'list-child-missing', image: list, damage: { kind: 'child-missing' } },
  { name: 'top-layer-half', image: oci, damage: { kind: 'layer-half', layer: 2 } },
  // A node pulls each of two manifests for the same platform.
  {
    name: 'twin-layer-missing',
    image: indexOf(LINUX_AMD64, LINUX_AMD64),
    damage: { kind: 'layer-missing', of: child(1) },
  },
  // One file is damaged, and two images with it.
  { name: 'sharing-damaged-1', image: sharing('damaged'), damage: { kind: 'layer-missing', layer: 1 } },
  { name: 'sharing-damaged-2', image: sharing('damaged') },
]

/** Nothing is damaged, and yet no node of amd64 can pull it. */
const UNPULLABLE: readonly Case[] = [
  { name: 'index-for-others', image: (seed) => imageIndex('oci', [{ image: arm64(seed), platform: ARM64 }]) },
  { name: 'index-386', image: indexOf(I386) },
  { name: 'index-variant', image: indexOf(AMD64_V3) },
  { name: 'index-empty', image: () => imageIndex('oci', []) },
  { name: 'index-attestation', image: (seed) => imageIndex('oci', [attestationFor(oci(seed))]) },
  { name: 'never-pushed' },
]

export const CASES: readonly Case[] = [...WHOLE, ...HARMLESS, ...DAMAGED, ...UNPULLABLE]

/** As long as the damage is there. */
export function isPullable(each: Case): boolean {
  return WHOLE.includes(each) || HARMLESS.includes(each)
}

export function isPullableOnceRepaired(each: Case): boolean {
  return !UNPULLABLE.includes(each)
}

/** Writes the image of each case below `storageDir`. @param prefix in every seed: no two prefixes share a blob */
export function writeCases(storageDir: string, prefix: string): void {
  const storage = new StorageWriter(storageDir)
  for (const { name, image } of CASES) {
    if (image !== undefined) storage.write(name, image(seedOf(prefix, name)), 'v1')
  }
}

/** Does the damage of each case, and answers how to undo all of it. */
export function damageCases(storageDir: string, prefix: string): Repair {
  const repairs = CASES.flatMap(({ name, image, damage: hurt }) => {
    if (image === undefined || hurt === undefined) return []
    const { kind, of, ...part } = hurt
    const reference = of?.(image(seedOf(prefix, name))) ?? 'v1'
    return [damage(kind, { storageDir, repository: name, reference, ...part })]
  })
  return () => {
    for (const repair of repairs.toReversed()) repair()
  }
}

/** What stands behind the registry's host in the image of a pod. */
export function referenceOf({ name, image, by = 'tag' }: Case, prefix: string): string {
  const digest = image?.(seedOf(prefix, name)).manifest.digest
  if (digest === undefined || by === 'tag') return `${name}:v1`
  return by === 'digest' ? `${name}@${digest}` : `${name}:v1@${digest}`
}

function seedOf(prefix: string, name: string): string {
  return `${prefix}/${name}`
}

function prefixOf(seed: string): string {
  return seed.slice(0, seed.indexOf('/'))
}
