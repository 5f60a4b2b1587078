import type { InUseIndex, UseReason } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import { anchorTag } from '#retention/anchor-tag.ts'
import type { BlobFacts, ManifestFacts, RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import type { RestoredTag, RetentionInput } from '#retention/retention-input.ts'
import { imageUse } from '#test/harness/image-use.ts'
import type { Dice } from '../../soak/dice.ts'
import { RULE_SETS } from './rule-sets.ts'

export const NOW = Date.UTC(2026, 10, 1)
const HOUR = 3_600_000
const DAY = 24 * HOUR
const HOST = 'r.example'
const NAMES: RegistryNames = {
  host: HOST,
  aliases: [
    { host: 'mirror.corp', prefix: 'proxy' },
    { host: 'short.corp', prefix: 'apps', replaceWith: 'team' },
  ],
}
const REPOSITORIES = [
  'charts/web',
  'lib/base',
  'prod/app',
  'sign/all',
  'team/app',
  'team/web',
  'tallyman/reports',
]
const OWN = 'tallyman/reports'
/** Mostly one of them is missing: five repositories are enough for nearly all. */
const AT_TIMES = ['charts/web', 'prod/app', 'team/web']
const TAGS_EACH = 20
/** By number: worlds have the same digests, so that a text is made and hashed once. */
const DIGESTS: string[] = []
/** By prefix and number, for the same reason. */
const BRANCH_TAGS = {
  main: Array.from({ length: TAGS_EACH }, (_, n) => `main-${n}`),
  dev: Array.from({ length: TAGS_EACH }, (_, n) => `dev-${n}`),
}
const BRANCHES = ['main', 'dev'] as const
const SHARED_CONFIG = `sha256:${'c'.repeat(64)}`
const COMPANION_SUFFIXES = ['', '.sig', '.att']
const NAMED_TAGS = [
  'latest',
  'stable',
  'v1',
  'v1.0',
  'v1.0.0',
  'v1.0.1',
  'v1.1.0',
  '1.1.3',
  'v2.0.0',
  'v2.0.0-rc.1',
]
const NONE: readonly UseReason[] = []
const NO_CHILDREN: ManifestFacts['children'] = []
const NO_LAYERS: ManifestFacts['layers'] = []
const LIVE: UseReason = { kind: 'reference', use: imageUse(`${HOST}/team/app:v1`) }
const USES: readonly UseReason[] = [
  LIVE,
  LIVE,
  LIVE,
  { kind: 'pinned', pin: '**/pause' },
  {
    kind: 'remembered',
    match: 'reference',
    remembered: {
      ...{ image: 'team/app:v1', reference: undefined, cluster: 'edge', users: ['shop/Deployment/cart'] },
      ...{ firstSeen: NOW - 40 * DAY, lastSeen: NOW - 5 * DAY, digests: [], configs: [] },
    },
  },
]
const CHART = 'application/vnd.cncf.helm.config.v1+json'

/** A registry, who uses it, and the rules about it: small, and odder than any real one. */
export function randomWorld(dice: Dice): RetentionInput {
  const facts = new Contents(dice).facts()
  return {
    facts,
    usage: randomUsage(facts, dice),
    names: NAMES,
    rules: dice.of(RULE_SETS),
    now: NOW,
    workspaces: ['tallyman'],
    restored: dice.chance(0.2) ? [restored(facts, dice)] : [],
    unusedSince: { at: NOW - 31 * DAY, isWatchStart: false },
  }
}

class Contents {
  readonly #dice: Dice
  readonly #manifests = new Map<string, ManifestFacts>()
  readonly #layers: readonly BlobFacts[]
  readonly #images: string[] = []
  readonly #tops: string[] = []
  /** By digest: what it holds and what it refers to. */
  readonly #kin = new Map<string, readonly string[]>()
  readonly #referrers = new Map<string, string[]>()
  #count = 0

  constructor(dice: Dice) {
    this.#dice = dice
    this.#layers = Array.from({ length: 10 }, (_, n) => ({ digest: this.#digest(), size: 1 << n }))
    for (let n = 0; n < 28; n += 1) this.#images.push(this.#image())
    for (let n = 0; n < 9; n += 1) this.#tops.push(this.#index(this.#images))
    // Indexes of indexes, and one of what is no image.
    const indexes = [...this.#tops]
    for (let n = dice.between(0, 2); n > 0; n -= 1) this.#tops.push(this.#index(indexes))
    for (let n = 0; n < 3; n += 1)
      this.#tops.push(this.#artifact(dice.chance(0.5) ? CHART : undefined, undefined))
    this.#tops.push(...this.#images)
    for (let n = 0; n < 6; n += 1) {
      this.#tops.push(this.#artifact('application/vnd.example.sbom', dice.of(this.#tops)))
    }
    if (dice.chance(0.1)) this.#tops.push(this.#artifact('application/vnd.tallyman.claim.v1', undefined))
    if (dice.chance(0.2)) this.#tops.push(this.#index(this.#tops.slice(-6)))
    for (const { digest, children, subject } of this.#manifests.values()) {
      const kin = subject === undefined ? children.map((child) => child.digest) : [subject]
      if (kin.length > 0) this.#kin.set(digest, kin)
    }
    for (let n = dice.between(0, 3); n > 0; n -= 1) this.#refer(dice.of(this.#tops), dice.of(this.#tops))
  }

  #refer(digest: string, subject: string): void {
    this.#referrers.set(subject, [digest])
    this.#kin.set(digest, [subject])
  }

  facts(): RegistryFacts {
    const dice = this.#dice
    const without = dice.of(AT_TIMES)
    const names = dice.chance(0.15)
      ? REPOSITORIES
      : REPOSITORIES.filter((name) => name !== without && name !== OWN)
    const repositories = names
      .map((name) => this.#repository(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    if (dice.chance(0.05)) this.#manifests.delete(dice.of(this.#images))
    const incomplete = dice.chance(0.03) ? 'the catalogue broke off' : undefined
    return {
      ...{ readAt: NOW - HOUR, incomplete, repositories },
      ...{ manifests: this.#manifests, referrers: this.#referrers },
    }
  }

  #repository(name: string): RepositoryFacts {
    const dice = this.#dice
    const bound = new Map<string, TagFacts>()
    // Most of a repository is of few builds, so that tags share digests and indexes share children.
    const own = Array.from({ length: 10 }, () => dice.of(this.#tops))
    // Some parts and subjects of these have tags of their own.
    const kin = own.flatMap((digest) => this.#kin.get(digest) ?? [])
    for (const digest of kin) if (dice.chance(0.5)) own.push(digest)
    while (bound.size < TAGS_EACH) {
      const digest =
        name === 'sign/all' && dice.chance(0.6) ? this.#tops.at(-dice.between(1, 6)) : dice.of(own)
      // A few tags belong to what is nowhere.
      const other = dice.chance(0.8) ? dice.of(own) : dice.chance(0.8) ? dice.of(this.#tops) : this.#digest()
      const tag = this.#tagName(bound.size, other, digest)
      bound.set(tag, this.#tag(tag, dice.chance(0.002) ? undefined : digest))
    }
    const tags = [...bound.values()].sort((a, b) => (a.tag < b.tag ? -1 : 1))
    const named = new Set<string>()
    for (const { digest } of tags) if (digest !== undefined) named.add(digest)
    const untagged = new Set<string>()
    for (const digest of named)
      for (const child of this.#manifests.get(digest)?.children ?? NO_CHILDREN) untagged.add(child.digest)
    for (let n = dice.between(0, 2); n > 0; n -= 1) untagged.add(dice.of(this.#tops))
    // What hangs on something that has a tag, or holds it, need not have one.
    for (const [digest, needs] of this.#kin)
      if (needs.some((each) => named.has(each)) && dice.chance(0.5)) untagged.add(digest)
    for (const digest of named) untagged.delete(digest)
    const incomplete = dice.chance(0.02) ? 'a page could not be read' : undefined
    return { name, incomplete, tags, untagged: [...untagged] }
  }

  /** @param digest what the tag names */
  #tagName(n: number, other: string, digest = other): string {
    const dice = this.#dice
    // One that names something else than it says is somebody else's.
    if (dice.chance(0.01)) return anchorTag(dice.chance(0.8) ? digest : other)
    const roll = dice.between(0, 19)
    if (roll < 3) return `${other.replace(':', '-')}${dice.of(COMPANION_SUFFIXES)}`
    if (roll === 3 && dice.chance(0.05)) return `sha512-${other.slice(7)}`
    if (roll < 9) return dice.of(NAMED_TAGS)
    return BRANCH_TAGS[dice.of(BRANCHES)][n] ?? ''
  }

  #tag(tag: string, digest: string | undefined): TagFacts {
    return { tag, digest, digestSince: this.#ago(0.9), boundSince: this.#ago(0.8) }
  }

  #ago(probability: number): number | undefined {
    const dice = this.#dice
    return dice.chance(probability) ? NOW - dice.between(0, 60 * 24) * HOUR : undefined
  }

  #image(): string {
    const dice = this.#dice
    const layers = this.#layers.slice(dice.between(0, 3)).slice(0, dice.between(1, 5))
    // Some of them of a build of its own.
    if (dice.chance(0.5)) layers.push({ digest: this.#digest(), size: 7 })
    const images = this.#images
    const base = dice.between(0, 12)
    return this.#add({
      kind: 'image',
      layers: dice.chance(0.03) ? [] : layers,
      config: { digest: dice.chance(0.1) ? SHARED_CONFIG : this.#digest(), size: 3 },
      created: this.#created(),
      baseName: this.#baseName(base),
      baseDigest: base === 5 && images.length > 0 ? dice.of(images) : undefined,
    })
  }

  #baseName(roll: number): string | undefined {
    const dice = this.#dice
    const tag = dice.of(NAMED_TAGS)
    if (roll === 0 || roll === 6) return `${HOST}/lib/base:${tag}`
    if (roll === 1 || roll === 2) return `mirror.corp/proxy/lib/base:${tag}`
    if (roll === 3) return '{{ base }}'
    if (roll === 4 && this.#images.length > 0) return `${HOST}/lib/base:${tag}@${dice.of(this.#images)}`
    return undefined
  }

  #index(of: readonly string[]): string {
    const dice = this.#dice
    const children = Array.from({ length: dice.between(1, 3) }, () => ({
      digest: dice.chance(0.95) ? dice.of(of) : this.#digest(),
      platform: dice.chance(0.8) ? 'linux/amd64' : 'unknown/unknown',
    }))
    return this.#add({ kind: 'index', children, created: dice.chance(0.1) ? this.#created() : undefined })
  }

  #artifact(artifactType: string | undefined, subject: string | undefined): string {
    return this.#add({ kind: 'artifact', artifactType, subject, created: this.#created() })
  }

  #created(): number | undefined {
    const dice = this.#dice
    const roll = dice.between(0, 39)
    if (roll === 0) return 0
    if (roll === 1) return NOW + DAY
    if (roll === 2) return undefined
    // Whole days, so that some are equal.
    return NOW - dice.between(1, 60) * DAY + (dice.chance(0.1) ? DAY - HOUR : 0)
  }

  #add(what: Partial<ManifestFacts> & Pick<ManifestFacts, 'kind'>): string {
    const digest = this.#digest()
    // Written out, which is much quicker than to spread it.
    this.#manifests.set(digest, {
      digest,
      kind: what.kind,
      mediaType: '',
      artifactType: what.artifactType,
      size: 1,
      children: what.children ?? NO_CHILDREN,
      config: what.config,
      layers: what.layers ?? NO_LAYERS,
      created: what.created,
      subject: what.subject,
      baseName: what.baseName,
      baseDigest: what.baseDigest,
    })
    return digest
  }

  #digest(): string {
    this.#count += 1
    const known = DIGESTS[this.#count]
    if (known !== undefined) return known
    const digest = `sha256:${String(this.#count).padStart(8, '0').padEnd(64, 'd')}`
    DIGESTS[this.#count] = digest
    return digest
  }
}

/**
 * Who uses what, as the index of an inventory says it, in look-ups that cost nothing: the index itself is tested beside it, and took most of the time here.
 */
export function randomUsage({ repositories, manifests }: RegistryFacts, dice: Dice): InUseIndex {
  const tags = new Map<string, Map<string, readonly UseReason[]>>()
  const digests = new Map<string, readonly UseReason[]>()
  const configs = new Map<string, readonly UseReason[]>()
  const named = new Set<string>()
  const known = [...manifests.values()]
  for (let n = dice.between(0, 8); n > 0; n -= 1) {
    const { name, tags: bound } = dice.of(repositories)
    const { tag } = dice.of(bound)
    const roll = dice.between(0, 19)
    const uses = [dice.of(USES)]
    const manifest = dice.of(known)
    if (roll === 0 && manifest.config !== undefined) configs.set(manifest.config.digest, uses)
    else if (roll < 5) digests.set(manifest.digest, uses)
    else {
      const ofRepository = tags.get(name) ?? new Map<string, readonly UseReason[]>()
      tags.set(name, ofRepository.set(roll < 6 ? 'gone' : tag, uses))
      named.add(name)
    }
  }
  return {
    usesOf({ repository, tag, digest }) {
      if (tag === undefined && digest === undefined) return named.has(repository) ? [LIVE] : NONE
      const byTag = tag === undefined ? undefined : tags.get(repository)?.get(tag)
      return byTag ?? (digest === undefined ? undefined : digests.get(digest)) ?? NONE
    },
    usesOfConfig: (digest) => configs.get(digest) ?? NONE,
  }
}

function restored({ repositories }: RegistryFacts, dice: Dice): RestoredTag {
  const { name, tags } = dice.of(repositories)
  return { repository: name, tag: dice.of(tags).tag, until: NOW + dice.between(-2, 7) * DAY }
}
