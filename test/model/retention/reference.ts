import { buildDate } from '#retention/build-date.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import type { ReasonCode } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { shortDigest } from '#retention/short-digest.ts'
import { compareVersions, type TagVersion, tagVersion } from '#retention/tag-version.ts'
import type { Action } from '#retention/verdict.ts'
import { allBases, allEdges, type Edge, type EdgeKind } from './edges.ts'
import { once } from './once.ts'
import { goes, inUse, type Own, stays } from './own.ts'
import { type Said, said } from './said.ts'

/** How something that stays for itself is in use. */
export const USE_KINDS = [
  'its tag in use',
  'its digest in use',
  'its config in use',
  'same digest under another tag',
  'same digest in another repository',
] as const
type UseKind = (typeof USE_KINDS)[number]

/** What must become of a tag. */
export interface Expected {
  readonly action: Action
  /** One, but where several hold and nobody says which of them comes first. */
  readonly reasons: readonly Said[]
  /** Name of the rule that decides; undefined: none does. */
  readonly rule: string | undefined
  /** The ways in which use, or something else that stays, keeps it. */
  readonly kinds: readonly (EdgeKind | UseKind)[]
}

const NONE: readonly Edge[] = []
const NO_SUBJECTS: readonly string[] = []

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
  /** Names of what is in use by itself, by digest: those of tags, and of what no such tag names. */
  readonly #usedTags = new Map<string, string[]>()
  readonly #usedPlaces = new Map<string, string[]>()
  /** By repository, for each of its tags. */
  readonly #own = new Map<string, readonly Own[]>()
  /** By digest, wherever it is held: the names under which it stays for itself, and what leads there. */
  readonly #names = new Map<string, string[]>()
  readonly #leading = new Map<string, Set<string>>()
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
      const all = repository.tags.map((tag) => this.#ownOf(repository, tag))
      this.#own.set(repository.name, all)
    }
    this.#spread()
  }

  /** @param position of the tag in the repository */
  expected(repository: RepositoryFacts, bound: TagFacts, position: number): Expected {
    const { name, tags } = repository
    const { tag, digest } = bound
    const own = this.#own.get(name)?.[position]
    if (own === undefined) throw new Error(`nothing is decided about ${name}:${tag}`)
    const { reasons, rule } = own
    if (own.keeps)
      return { action: 'keep', reasons, rule, kinds: this.#useKinds(repository, bound, reasons[0]?.code) }
    const all = this.#everywhere.get(digest ?? '')?.edges ?? NONE
    const here = this.#inRepository.get(name)?.get(digest ?? '')?.edges ?? NONE
    const edges = all.length === 0 ? here : here.length === 0 ? all : [...all, ...here]
    if (edges.length > 0) {
      // Whatever leads there first is said, in an order that nobody promises.
      const origins = this.#origins(digest ?? '')
      const held = [...new Set(edges.map(({ code }) => code))].map((code) => said(code, { of: origins }))
      return { action: 'keep', reasons: held, rule, kinds: waysOf(edges) }
    }
    const isKept = tags.some((other, at) => other.digest === digest && this.#own.get(name)?.[at]?.keeps)
    return { action: isKept ? 'untag' : 'evict', reasons, rule, kinds: [] }
  }

  /** Names of what something stays for in the end. */
  readonly #origins = once((digest: string): readonly string[] => {
    const found = new Set([digest])
    for (const each of found) for (const from of this.#leading.get(each) ?? []) found.add(from)
    return [...found].flatMap((each) => this.#names.get(each) ?? [])
  })

  #useKinds(
    { name, tags }: RepositoryFacts,
    { tag, digest }: TagFacts,
    own: ReasonCode | undefined,
  ): UseKind[] {
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
    const use = (names: Map<string, string[]>, digest: string, name: string) => {
      this.used.add(digest)
      names.set(digest, [...(names.get(digest) ?? []), name])
    }
    for (const { tag, digest } of tags)
      if (digest !== undefined && isUsed(tag, digest)) use(this.#usedTags, digest, `${name}:${tag}`)
    const here = new Set(untagged)
    for (const { digest } of tags) here.add(digest ?? '')
    const present = this.#closed(here, 'PartOf')
    for (const digest of present)
      if (isUsed(undefined, digest)) use(this.#usedPlaces, digest, `${name}@${digest}`)
  }

  /** With everything that edges of the kind lead to. */
  #closed(digests: ReadonlySet<string>, ...codes: readonly ReasonCode[]): Set<string> {
    const found = new Set(digests)
    // A set is walked over what is added meanwhile too.
    for (const digest of found)
      for (const { to, code } of this.edgesFrom.get(digest) ?? NONE) if (codes.includes(code)) found.add(to)
    return found
  }

  #ownOf(repository: RepositoryFacts, tag: TagFacts): Own {
    const { usage, restored, now, unusedSince } = this.#input
    const { name } = repository
    const { digest } = tag
    const manifest = this.#manifest(digest)
    if (this.#isOurs(name) || manifest?.artifactType?.startsWith('application/vnd.tallyman.'))
      return stays(said('Workspace'))
    const [named] = usage.usesOf({ repository: name, tag: tag.tag, digest })
    const use = named ?? usage.usesOfConfig(manifest?.config?.digest ?? '')[0]
    if (use !== undefined) return stays(inUse(use))
    if (digest !== undefined && this.used.has(digest))
      return stays(said('SameInUse', { of: this.#namesInUse(digest) }))
    const untils = restored.filter((each) => each.repository === name && each.tag === tag.tag)
    const until = Math.max(...untils.map((each) => each.until))
    if (until > now) return stays(said('Restored', { at: until }))
    if (this.#isIncomplete(repository) || digest === undefined || manifest === undefined)
      return stays(said('Incomplete', { of: 'words' }))
    const rules = this.#rulesOf(repository)
    if (this.#isAnchor(tag))
      return rules.length === 0 ? stays(said('NoRule')) : goes(said('Anchor', { at: unusedSince?.at }))
    if (this.#isCompanion(tag)) return this.#companion(repository, tag, rules)
    const kind = this.#kind(digest)
    const rule = rules.find((each) => each.matchesKind(kind))
    if (rule !== undefined) return this.#ruled(repository, { ...tag, digest }, rule)
    return stays(rules.length > 0 && kind !== 'Image' ? said('NotAnImage', { of: [kind] }) : said('NoRule'))
  }

  /** Any of those that have it and are in use by themselves: tags before what has none. */
  #namesInUse(digest: string): readonly string[] {
    return this.#usedTags.get(digest) ?? this.#usedPlaces.get(digest) ?? []
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

  #companion(repository: RepositoryFacts, tag: TagFacts, rules: readonly CompiledRule[]): Own {
    const subjects = this.#subjects(tag)
    const kind = this.#kind(subjects[0] ?? '')
    const rule = rules.find((each) => each.matchesKind(kind))
    if (rule === undefined) return stays(said('NoRule'))
    if (rule.keepsAll) return stays(said('KeepAll'), rule)
    const pattern = rule.tagPattern(tag.tag)
    if (pattern !== undefined) return stays(said('KeepTag', { of: [pattern] }), rule)
    if (tag.tag.startsWith('sha512-')) return stays(said('SubjectUnknown', { of: [tag.tag] }), rule)
    for (const subject of subjects) {
      const of = [shortDigest(subject)]
      const homes = this.#homesFor(repository, subject)
      if (!homes.includes(repository) && !this.#isWhole) return stays(said('SubjectUnknown', { of }), rule)
      if (homes.some((home) => !this.#decided(home).has(subject)))
        return stays(said('SubjectStays', { of }), rule)
    }
    // It may belong to two, and go with both: any of them is said.
    const missing = subjects.filter((each) => this.#homesFor(repository, each).length === 0)
    const of = (missing.length > 0 ? missing : subjects).map(shortDigest)
    if (missing.length === 0) return goes(said('FollowsSubject', { of }), rule)
    if (!rule.evictsOrphans) return stays(said('Orphan', { of }), rule)
    const young = this.#young(tag, rule)
    return young === undefined ? goes(said('OrphanGoes', { of }), rule) : stays(young, rule)
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

  #young({ digest, boundSince }: TagFacts, rule: CompiledRule): Said | undefined {
    const known = [this.#built(digest), boundSince].filter((at) => at !== undefined)
    if (known.length === 0) return said('Undated')
    const at = Math.max(...known)
    return this.#input.now - at < rule.youngerThanMs ? said('Young', { at }) : undefined
  }

  readonly #built = once((digest: string | undefined): number | undefined => {
    const manifest = this.#manifest(digest)
    return manifest === undefined
      ? undefined
      : buildDate(manifest, this.#input.facts.manifests, this.#input.now)
  })

  #ruled(repository: RepositoryFacts, tag: TagFacts & { readonly digest: string }, rule: CompiledRule): Own {
    if (rule.keepsAll) return stays(said('KeepAll'), rule)
    const pattern = rule.tagPattern(tag.tag)
    if (pattern !== undefined) return stays(said('KeepTag', { of: [pattern] }), rule)
    const { digests, dates, names, inUse, versions } = this.#stream(repository)(rule)(rule.streamOf(tag.tag))
    const nameOf = (digest: string) => names.get(digest) ?? ''
    if (dates.get(tag.digest) === undefined) return stays(said('Undated'), rule)
    const undated = inUse.filter((each) => dates.get(each) === undefined)
    // Each may be the one that it comes right before.
    if (rule.beforeInUse > 0 && undated.length > 0)
      return stays(said('Undated', { of: undated.map(nameOf) }), rule)
    const isNewer = (a: string, b: string) => {
      const [aDate, bDate] = [dates.get(a), dates.get(b)]
      if (aDate === undefined || bDate === undefined) return false
      return aDate > bDate || (aDate === bDate && nameOf(a) > nameOf(b))
    }
    const newer = digests.filter((each) => isNewer(each, tag.digest))
    const isUnused = this.#isUnused(repository)
    const newest = !isUnused ? rule.newest : rule.whenUnused === 'Evict' ? 0 : Math.max(1, rule.newest)
    if (newer.length < newest) return stays(said('Newest', { count: newer.length + 1 }), rule)
    const nextInUse = newer
      .filter((each) => inUse.includes(each))
      .map((used) => ({ of: [nameOf(used)], count: newer.filter((each) => isNewer(used, each)).length + 1 }))
      .sort((a, b) => a.count - b.count)[0]
    if (nextInUse !== undefined && nextInUse.count <= rule.beforeInUse)
      return stays(said('BeforeInUse', nextInUse), rule)
    const kept = this.#keptVersions(tag.digest, versions, rule)
    if (kept.length > 0) return stays(kept, rule)
    const young = this.#young(tag, rule)
    if (young !== undefined) return stays(young, rule)
    if (isUnused && rule.whenUnused === 'Keep') return stays(said('Unused'), rule)
    const at = this.#input.unusedSince?.at
    if (isUnused && rule.whenUnused === 'Evict') return goes(said('RepositoryUnused', { at }), rule)
    return goes(said('Superseded', { count: newer.length, at }), rule)
  }

  /** It may be among the highest of its major and of its minor version: either is said. */
  #keptVersions(digest: string, versions: ReadonlyMap<string, TagVersion>, { semver }: CompiledRule): Said[] {
    const mine = versions.get(digest)
    if (semver === undefined || mine === undefined) return []
    const { major, minor } = mine
    const higher = [...versions].filter(([each, other]) => {
      const order = compareVersions(other, mine)
      return other.major === major && (order > 0 || (order === 0 && each < digest))
    })
    const inMinor = higher.filter(([, other]) => other.minor === minor)
    return [
      { of: `${major}`, count: higher.length + 1, limit: semver.newestPerMajor ?? 0 },
      { of: `${major}.${minor}`, count: inMinor.length + 1, limit: semver.newestPerMinor ?? 0 },
    ].flatMap(({ of, count, limit }) => (count <= limit ? [said('Version', { of: [of], count })] : []))
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
    for (const digest of this.used) {
      this.#names.set(digest, [...this.#namesInUse(digest)])
      this.#hold(this.#everywhere, digest, undefined, true)
    }
    for (const { name, tags } of this.#input.facts.repositories) {
      const held: Held = new Map()
      this.#inRepository.set(name, held)
      for (const [at, { tag, digest }] of tags.entries()) {
        if (digest === undefined || this.#own.get(name)?.[at]?.keeps !== true) continue
        this.#names.set(digest, [...(this.#names.get(digest) ?? []), `${name}:${tag}`])
        this.#hold(held, digest, undefined, true)
      }
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
    if (edge !== undefined) this.#leading.set(digest, (this.#leading.get(digest) ?? new Set()).add(edge.from))
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
