import { buildDate } from '#retention/build-date.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import type { ReasonCode } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { compareVersions, type TagVersion, tagVersion } from '#retention/tag-version.ts'
import type { Action } from '#retention/verdict.ts'
import { allBases, allEdges, type Edge, type EdgeKind } from './edges.ts'
import { once } from './once.ts'

/** How something that stays for itself is in use. */
export const USE_KINDS = [
  'its tag in use',
  'its digest in use',
  'its config in use',
  'same digest under another tag',
  'same digest in another repository',
] as const
type UseKind = (typeof USE_KINDS)[number]

/** What must become of a tag, and which reasons may be given for that. */
export interface Expected {
  readonly action: Action
  readonly codes: readonly ReasonCode[]
  /** The ways in which use, or something else that stays, keeps it. */
  readonly kinds: readonly (EdgeKind | UseKind)[]
}

const NONE: readonly Edge[] = []
const NO_SUBJECTS: readonly string[] = []
const GOING: readonly ReasonCode[] = ['Superseded', 'RepositoryUnused', 'FollowsSubject', 'OrphanGoes']

/** The digest that the name of a companion has in it; undefined: it is none. */
function namedBy(tag: string): string | undefined {
  // Asked first, as few are.
  if (!tag.startsWith('sha256-')) return undefined
  return /^(sha256-[0-9a-f]{64})(\.\w+)?$/.exec(tag)?.[1]?.replace('-', ':')
}

function byStart(edges: readonly Edge[]): Map<string, readonly Edge[]> {
  const found = new Map<string, Edge[]>()
  for (const edge of edges) {
    const before = found.get(edge.from)
    if (before === undefined) found.set(edge.from, [edge])
    else before.push(edge)
  }
  return found
}

function awayEdge(from: string, to: string): Edge {
  return { from, to, code: 'BelongsTo', kind: 'companion in another repository' }
}

/** A companion that stays for a subject elsewhere keeps it here, so that this seems to keep it again. */
function waysOf(edges: readonly Edge[]): EdgeKind[] {
  const away = edges.find(({ kind }) => kind === 'companion in another repository')
  const own = away === undefined ? edges : edges.filter((edge) => edge === away || edge.from !== away.from)
  return own.map(({ kind }) => kind)
}

type Held = Map<string, Holding>
interface Holding {
  /** Those that lead there. */
  readonly edges: Edge[]
  /** It stays for itself: nobody says another reason. */
  readonly isOwn: boolean
  isLifted: boolean
  /** Whether it was lifted when its edges were followed last; undefined: they were not. */
  followed: boolean | undefined
}
/**
 * The obvious, slow way to decide: counts anew for each tag, and goes over all edges until nothing changes. Reads of dates, versions and names are those of the
 * product.
 */
export class Reference {
  readonly edges: readonly Edge[]
  readonly edgesFrom: ReadonlyMap<string, readonly Edge[]>
  /** From an image to what it is built on. */
  readonly basesFrom: ReadonlyMap<string, readonly Edge[]>
  /** In use by itself. */
  readonly used = new Set<string>()
  readonly #input: RetentionInput
  readonly #inUse: ReadonlySet<string>
  readonly #isWhole: boolean
  /** By repository, for each of its tags. */
  readonly #own = new Map<string, readonly (ReasonCode | undefined)[]>()
  /** By digest. */
  readonly #everywhere: Held = new Map()
  readonly #inRepository = new Map<string, Held>()
  /** By digest of a companion: where it has a tag, and its subject is not. */
  readonly #away: ReadonlyMap<string, readonly { readonly name: string; readonly edge: Edge }[]>
  #isChanged = false

  constructor(input: RetentionInput) {
    this.#input = input
    this.edges = allEdges(input.facts, (tag) => this.#subjects(tag))
    this.edgesFrom = byStart(this.edges)
    this.basesFrom = byStart(allBases(input))
    for (const repository of input.facts.repositories) this.#markUsed(repository)
    this.#inUse = this.#closed(this.used, 'Holds')
    const { repositories, incomplete } = input.facts
    this.#isWhole = incomplete === undefined && repositories.every((each) => !this.#isIncomplete(each))
    const companions: { readonly name: string; readonly edge: Edge }[] = []
    for (const repository of repositories)
      for (const tag of repository.tags)
        for (const subject of this.#subjects(tag))
          if (!this.#isIn(repository, subject))
            companions.push({ name: repository.name, edge: awayEdge(subject, tag.digest ?? '') })
    this.#away = Map.groupBy(companions, ({ edge }) => edge.to)
  }

  /** Has to be called before anything is expected. */
  decide(): void {
    for (const repository of this.#input.facts.repositories) {
      const reasons = repository.tags.map((tag) => this.#ownReason(repository, tag))
      this.#own.set(repository.name, reasons)
    }
    this.#spread()
  }

  /** @param position of the tag in the repository */
  expected(repository: RepositoryFacts, bound: TagFacts, position: number): Expected {
    const { name, tags } = repository
    const { tag, digest } = bound
    const reasons = this.#own.get(name)
    const own = reasons?.[position]
    if (own !== undefined)
      return { action: 'keep', codes: [own], kinds: this.#useKinds(repository, bound, own) }
    const all = this.#everywhere.get(digest ?? '')?.edges ?? NONE
    const here = this.#inRepository.get(name)?.get(digest ?? '')?.edges ?? NONE
    const edges = all.length === 0 ? here : here.length === 0 ? all : [...all, ...here]
    if (edges.length > 0)
      return { action: 'keep', codes: edges.map(({ code }) => code), kinds: waysOf(edges) }
    const isKept = tags.some((other, at) => other.digest === digest && reasons?.[at] !== undefined)
    if (this.#isAnchor({ tag, digest }))
      return { action: isKept ? 'untag' : 'evict', codes: ['Anchor'], kinds: [] }
    return { action: isKept ? 'untag' : 'evict', codes: GOING, kinds: [] }
  }

  #useKinds({ name, tags }: RepositoryFacts, { tag, digest }: TagFacts, own: ReasonCode): UseKind[] {
    const { usage } = this.#input
    const isNamed = (other: string) => usage.usesOf({ repository: name, tag: other }).length > 0
    switch (own) {
      case 'InUse':
      case 'UsedLately':
      case 'Pinned':
        if (isNamed(tag)) return ['its tag in use']
        return [
          usage.usesOf({ repository: name, digest }).length > 0 ? 'its digest in use' : 'its config in use',
        ]
      case 'SameInUse': {
        const isHere = tags.some((other) => other.digest === digest && isNamed(other.tag))
        return [isHere ? 'same digest under another tag' : 'same digest in another repository']
      }
      default:
        return []
    }
  }

  readonly #rulesOf = once(({ name }: RepositoryFacts): readonly CompiledRule[] =>
    this.#input.rules.filter((rule) => rule.matchesRepository(name)),
  )

  readonly #isIncomplete = once(
    ({ incomplete, tags }: RepositoryFacts): boolean =>
      incomplete !== undefined || tags.some(({ digest }) => this.#manifest(digest) === undefined),
  )

  #subjects({ tag, digest }: TagFacts): readonly string[] {
    const named = namedBy(tag)
    const subject = this.#manifest(digest)?.subject
    if (named === undefined && subject === undefined) return NO_SUBJECTS
    return [...new Set([named, subject])]
      .filter((each) => each !== undefined)
      .filter((each) => each !== digest)
  }

  #manifest(digest: string | undefined): ManifestFacts | undefined {
    return digest === undefined ? undefined : this.#input.facts.manifests.get(digest)
  }

  #markUsed({ name, tags, untagged }: RepositoryFacts): void {
    const { usage } = this.#input
    const isUsed = (tag: string | undefined, digest: string | undefined) =>
      usage.usesOf({ repository: name, tag, digest }).length > 0 ||
      usage.usesOfConfig(this.#manifest(digest)?.config?.digest ?? '').length > 0
    for (const { tag, digest } of tags) if (digest !== undefined && isUsed(tag, digest)) this.used.add(digest)
    const here = new Set(untagged)
    for (const { digest } of tags) here.add(digest ?? '')
    const present = this.#closed(here, 'PartOf')
    for (const digest of present) if (isUsed(undefined, digest)) this.used.add(digest)
  }

  /** With everything that edges of the kind lead to. */
  #closed(digests: ReadonlySet<string>, ...codes: readonly ReasonCode[]): Set<string> {
    const found = new Set(digests)
    // A set is walked over what is added meanwhile too.
    for (const digest of found)
      for (const { to, code } of this.edgesFrom.get(digest) ?? NONE) if (codes.includes(code)) found.add(to)
    return found
  }

  #ownReason(repository: RepositoryFacts, tag: TagFacts): ReasonCode | undefined {
    const { usage, restored, now } = this.#input
    const { name } = repository
    const { digest } = tag
    const manifest = this.#manifest(digest)
    if (this.#isOurs(name) || manifest?.artifactType?.startsWith('application/vnd.tallyman.'))
      return 'Workspace'
    const [named] = usage.usesOf({ repository: name, tag: tag.tag, digest })
    const use = named ?? usage.usesOfConfig(manifest?.config?.digest ?? '')[0]
    if (use !== undefined)
      return use.kind === 'pinned' ? 'Pinned' : use.kind === 'remembered' ? 'UsedLately' : 'InUse'
    if (digest !== undefined && this.used.has(digest)) return 'SameInUse'
    if (restored.some((each) => each.repository === name && each.tag === tag.tag && each.until > now))
      return 'Restored'
    if (this.#isIncomplete(repository) || digest === undefined || manifest === undefined) return 'Incomplete'
    const rules = this.#rulesOf(repository)
    if (this.#isAnchor(tag)) return rules.length === 0 ? 'NoRule' : undefined
    if (this.#isCompanion(tag)) return this.#companion(repository, tag, rules)
    const rule = rules.find((each) => each.matchesKind(this.#kind(digest)))
    if (rule === undefined)
      return rules.length > 0 && this.#kind(digest) !== 'Image' ? 'NotAnImage' : 'NoRule'
    return this.#ruled(repository, { ...tag, digest }, rule)
  }

  readonly #isOurs = once((name: string): boolean =>
    this.#input.workspaces.some((prefix) => name.startsWith(`${prefix}/`)),
  )

  #isAnchor({ tag, digest }: Pick<TagFacts, 'tag' | 'digest'>): boolean {
    return (
      digest !== undefined &&
      tag.startsWith('tallyman-anchor-') &&
      tag === `tallyman-anchor-${digest.slice(7, 39)}`
    )
  }

  #isCompanion(tag: TagFacts): boolean {
    return tag.tag.startsWith('sha512-') || this.#subjects(tag).length > 0
  }

  readonly #kind = once((digest: string): string => {
    const manifest = this.#manifest(digest)
    const holdsImage = (each: string): boolean =>
      this.#manifest(each)?.kind === 'image' ||
      this.#manifest(each)?.children.some((child) => holdsImage(child.digest)) === true
    return manifest === undefined || holdsImage(digest) ? 'Image' : (manifest.artifactType ?? '')
  })

  #companion(
    repository: RepositoryFacts,
    tag: TagFacts,
    rules: readonly CompiledRule[],
  ): ReasonCode | undefined {
    const subjects = this.#subjects(tag)
    const kind = this.#kind(subjects[0] ?? '')
    const rule = rules.find((each) => each.matchesKind(kind))
    if (rule === undefined) return 'NoRule'
    if (rule.keepsAll) return 'KeepAll'
    if (rule.tagPattern(tag.tag) !== undefined) return 'KeepTag'
    if (tag.tag.startsWith('sha512-')) return 'SubjectUnknown'
    for (const subject of subjects) {
      const homes = this.#homesFor(repository, subject)
      if (!homes.includes(repository) && !this.#isWhole) return 'SubjectUnknown'
      for (const home of homes) {
        if (!this.#decided(home).has(subject)) return 'SubjectStays'
      }
    }
    if (subjects.every((subject) => this.#homesFor(repository, subject).length > 0)) return undefined
    return rule.evictsOrphans ? this.#young(tag, rule) : 'Orphan'
  }

  readonly #decided = once((home: RepositoryFacts): ReadonlySet<string> => {
    const deciding = home.tags.filter(
      (each) => !this.#subjects(each).some((other) => this.#isIn(home, other)),
    )
    return this.#closed(new Set(deciding.map(({ digest }) => digest ?? '')), 'PartOf', 'BelongsTo')
  })

  #isIn({ tags, untagged }: RepositoryFacts, digest: string): boolean {
    return untagged.includes(digest) || tags.some((tag) => tag.digest === digest)
  }

  #homesFor(repository: RepositoryFacts, subject: string): RepositoryFacts[] {
    if (this.#isIn(repository, subject)) return [repository]
    return this.#input.facts.repositories.filter((each) => this.#isIn(each, subject))
  }

  #young({ digest, pushed, boundSince }: TagFacts, rule: CompiledRule): ReasonCode | undefined {
    const known = [this.#built(digest), pushed, boundSince].filter((at) => at !== undefined)
    if (known.length === 0) return 'Undated'
    return known.some((at) => this.#input.now - at < rule.youngerThanMs) ? 'Young' : undefined
  }

  readonly #built = once((digest: string | undefined): number | undefined => {
    const manifest = this.#manifest(digest)
    return manifest === undefined
      ? undefined
      : buildDate(manifest, this.#input.facts.manifests, this.#input.now)
  })

  #ruled(
    repository: RepositoryFacts,
    tag: TagFacts & { readonly digest: string },
    rule: CompiledRule,
  ): ReasonCode | undefined {
    if (rule.keepsAll) return 'KeepAll'
    if (rule.tagPattern(tag.tag) !== undefined) return 'KeepTag'
    const { digests, dates, names, inUse, versions } = this.#stream(repository)(rule)(rule.streamOf(tag.tag))
    if (dates.get(tag.digest) === undefined) return 'Undated'
    if (rule.beforeInUse > 0 && inUse.some((each) => dates.get(each) === undefined)) return 'Undated'
    const isNewer = (a: string, b: string) => {
      const [aDate, bDate] = [dates.get(a), dates.get(b)]
      if (aDate === undefined || bDate === undefined) return false
      return aDate > bDate || (aDate === bDate && (names.get(a) ?? '') > (names.get(b) ?? ''))
    }
    const newer = digests.filter((each) => isNewer(each, tag.digest))
    const isUnused = this.#isUnused(repository)
    const newest = !isUnused ? rule.newest : rule.whenUnused === 'Evict' ? 0 : Math.max(1, rule.newest)
    if (newer.length < newest) return 'Newest'
    // Between it and one in use there are few.
    const isBefore = newer.some(
      (used) => inUse.includes(used) && newer.filter((each) => isNewer(used, each)).length < rule.beforeInUse,
    )
    if (isBefore) return 'BeforeInUse'
    if (this.#isKeptVersion(tag.digest, versions, rule)) return 'Version'
    return this.#young(tag, rule) ?? (isUnused && rule.whenUnused === 'Keep' ? 'Unused' : undefined)
  }

  #isKeptVersion(
    digest: string,
    versions: ReadonlyMap<string, TagVersion>,
    { semver }: CompiledRule,
  ): boolean {
    const mine = versions.get(digest)
    if (semver === undefined || mine === undefined) return false
    const higher = [...versions].filter(([each, other]) => {
      const order = compareVersions(other, mine)
      return other.major === mine.major && (order > 0 || (order === 0 && each < digest))
    })
    const inMinor = higher.filter(([, { minor }]) => minor === mine.minor)
    return higher.length < (semver.newestPerMajor ?? 0) || inMinor.length < (semver.newestPerMinor ?? 0)
  }

  /** What is counted together, by repository, rule and stream. */
  readonly #stream = once((repository: RepositoryFacts) =>
    once((rule: CompiledRule) => {
      const ruled = repository.tags.filter((each) => {
        const { digest } = each
        if (digest === undefined || this.#isAnchor(each) || this.#isCompanion(each)) return false
        return this.#rulesOf(repository).find((other) => other.matchesKind(this.#kind(digest))) === rule
      })
      return once((key: string) => {
        const tags = ruled.filter(({ tag }) => rule.streamOf(tag) === key)
        const digests = [...new Set(tags.map(({ digest }) => digest ?? ''))]
        const of = (digest: string) => tags.filter((each) => each.digest === digest)
        const dates = new Map(
          digests.map((digest) => {
            const seen = of(digest).flatMap(({ digestSince }) => digestSince ?? [])
            return [digest, this.#built(digest) ?? (seen.length === 0 ? undefined : Math.min(...seen))]
          }),
        )
        const names = new Map(
          digests.map((digest) => [
            digest,
            of(digest)
              .map(({ tag }) => tag)
              .sort()
              .at(-1),
          ]),
        )
        const versions = new Map(
          digests.flatMap((digest) => {
            const all = of(digest).flatMap(({ tag }) => tagVersion(tag) ?? [])
            const highest = all.sort(compareVersions).at(-1)
            return highest === undefined ? [] : [[digest, highest] as const]
          }),
        )
        return { digests, dates, names, versions, inUse: digests.filter((digest) => this.#inUse.has(digest)) }
      })
    }),
  )

  readonly #isUnused = once(({ name, tags }: RepositoryFacts): boolean => {
    const { usage } = this.#input
    return (
      usage.usesOf({ repository: name }).length === 0 &&
      tags.every(
        ({ tag, digest }) =>
          !(digest !== undefined && this.#inUse.has(digest)) &&
          usage.usesOf({ repository: name, tag, digest }).length === 0,
      )
    )
  })

  /** Until nothing changes. */
  #spread(): void {
    for (const digest of this.used) this.#hold(this.#everywhere, digest, undefined, true)
    for (const { name, tags } of this.#input.facts.repositories) {
      const held: Held = new Map()
      this.#inRepository.set(name, held)
      for (const [at, { digest }] of tags.entries())
        if (digest !== undefined && this.#own.get(name)?.[at] !== undefined)
          this.#hold(held, digest, undefined, true)
    }
    do {
      this.#isChanged = false
      this.#followAll(this.#everywhere)
      for (const held of this.#inRepository.values()) this.#followAll(held)
    } while (this.#isChanged)
  }

  #followAll(held: Held): void {
    for (const [digest, holding] of held) {
      const { isLifted } = holding
      if (holding.followed === isLifted) continue
      holding.followed = isLifted
      for (const edge of this.edgesFrom.get(digest) ?? NONE) this.#follow(held, edge, isLifted)
      for (const edge of this.basesFrom.get(digest) ?? NONE) this.#hold(this.#everywhere, edge.to, edge, true)
    }
  }

  #follow(held: Held, edge: Edge, isLifted: boolean): void {
    const { from, to, code } = edge
    if (code === 'Holds' && !isLifted) return
    this.#hold(held, to, edge, isLifted && (code === 'Holds' || code === 'SubjectOf'))
    if (code !== 'BelongsTo' || held === this.#everywhere) return
    for (const { name, edge: away } of this.#away.get(to) ?? []) {
      const elsewhere = this.#inRepository.get(name)
      if (away.from === from && elsewhere !== undefined) this.#hold(elsewhere, to, away, false)
    }
  }

  #hold(held: Held, digest: string, edge: Edge | undefined, isLifted: boolean): void {
    const known = held.get(digest)
    if (known === undefined) {
      const isOwn = edge === undefined
      held.set(digest, { edges: isOwn ? [] : [edge], isOwn, isLifted, followed: undefined })
    } else {
      if (edge !== undefined && !known.isOwn && !known.edges.includes(edge)) known.edges.push(edge)
      if (known.isLifted || !isLifted) return
      known.isLifted = true
    }
    this.#isChanged = true
  }
}
