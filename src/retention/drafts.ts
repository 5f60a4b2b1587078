import { isAnchor } from '#retention/anchor-tag.ts'
import type { BoundManifests } from '#retention/bound-manifests.ts'
import { buildDate } from '#retention/build-date.ts'
import type { Companions } from '#retention/companions.ts'
import type { CompiledRule } from '#retention/compiled-rule.ts'
import type { Completeness } from '#retention/completeness.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import { ruleKind } from '#retention/image-kind.ts'
import { keepByName } from '#retention/keep/by-name.ts'
import { keptByRule } from '#retention/keep/chain.ts'
import { keepYoung } from '#retention/keep/young.ts'
import { isOwnManifest, isOwnRepository } from '#retention/own-content.ts'
import { type Reason, reason, unusedReason } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { IMAGE_KIND } from '#retention/rules.ts'
import { type Stream, StreamBuilder } from '#retention/stream.ts'
import { sameInUse, type UsageMarks } from '#retention/usage-marks.ts'
import type { Pace } from '#time/pace.ts'

/** What is said of a tag before anybody asks what hangs on what. */
export interface Draft {
  readonly keeps: boolean
  readonly reason: Reason
  /** The rule that decides about it. */
  readonly rule: string | undefined
}

export interface DraftParts extends Pick<RetentionInput, 'rules' | 'now' | 'workspaces' | 'unusedSince'> {
  readonly manifests: RetentionInput['facts']['manifests']
  readonly marks: UsageMarks
  /** In use, or an index that holds something in use. */
  readonly inUse: ReadonlySet<string>
  readonly known: Completeness
  readonly companions: Companions
  /** From `supersededDrafts`. */
  superseded(rule: CompiledRule, newer: number): Draft
  /** Until when a restored tag stays; undefined: it was not restored. */
  restoredUntil(repository: string, tag: string): number | undefined
}

/** Most of what goes does for this reason, and there are about as many different ones as tags in the largest repository: they are shared. */
export function supersededDrafts(unusedSince: RetentionInput['unusedSince']): DraftParts['superseded'] {
  const known = new Map<CompiledRule, Map<number, Draft>>()
  return (rule, newer) => {
    const found = known.get(rule)?.get(newer)
    if (found !== undefined) return found
    const ofRule = known.get(rule) ?? new Map<number, Draft>()
    const draft = gone(unusedReason('Superseded', unusedSince, newer), rule)
    known.set(rule, ofRule.set(newer, draft))
    return draft
  }
}

/** One for each tag of the repository, in their order; in steps. */
export function draftsOf(
  repository: RepositoryFacts,
  bound: BoundManifests,
  parts: DraftParts,
  pace: Pace,
): Generator<undefined, Draft[]> {
  return new RepositoryDrafts(repository, bound, parts).all(pace)
}

class RepositoryDrafts {
  readonly #repository: RepositoryFacts
  readonly #bound: BoundManifests
  readonly #parts: DraftParts
  readonly #rules: readonly CompiledRule[]
  /** By what rules call a manifest: there are few kinds. */
  readonly #ruleByKind = new Map<string, CompiledRule | undefined>()
  readonly #isOwn: boolean
  readonly #incomplete: Reason | undefined
  #isUnused = false
  readonly #streams = new Map<CompiledRule, Map<string, StreamBuilder>>()

  constructor(repository: RepositoryFacts, bound: BoundManifests, parts: DraftParts) {
    const { name } = repository
    const { known, rules, workspaces } = parts
    this.#repository = repository
    this.#bound = bound
    this.#parts = parts
    this.#rules = rules.filter((rule) => rule.matchesRepository(name))
    this.#isOwn = isOwnRepository(name, workspaces)
    const why = known.of(name)
    this.#incomplete = why === undefined ? undefined : reason('Incomplete', why)
  }

  *all(pace: Pace): Generator<undefined, Draft[]> {
    const { tags } = this.#repository
    this.#isUnused = !(yield* this.#isUsed(pace))
    // Everything that a rule decides about has its place in a stream, whatever else keeps it.
    const bound = this.#bound
    const places: (Place | undefined)[] = []
    for (const tag of tags) {
      places.push(this.#place(tag, bound[places.length]))
      if (pace.isTurnOver()) yield
    }
    const streams = yield* this.#builtStreams(pace)
    const drafts: Draft[] = []
    for (const tag of tags) {
      const at = drafts.length
      drafts.push(this.#draft(tag, bound[at], places[at], streams))
      if (pace.isTurnOver()) yield
    }
    return drafts
  }

  *#isUsed(pace: Pace): Generator<undefined, boolean> {
    const { marks, inUse } = this.#parts
    const { name, tags } = this.#repository
    if (marks.isNamed(name)) return true
    for (const { tag, digest } of tags) {
      if (marks.tag(name, tag) !== undefined || (digest !== undefined && inUse.has(digest))) return true
      if (pace.isTurnOver()) yield
    }
    return false
  }

  #draft(
    tag: TagFacts,
    manifest: ManifestFacts | undefined,
    place: Place | undefined,
    streams: ReadonlyMap<StreamBuilder, Stream>,
  ): Draft {
    const staying = this.#staying(tag, manifest)
    if (staying !== undefined) return kept(staying)
    const stream = place === undefined ? undefined : streams.get(place.builder)
    if (place !== undefined && stream !== undefined) return this.#ruled(tag, place, stream)
    return this.#unplaced(tag, manifest)
  }

  /** undefined: it is no candidate of a rule. */
  #place(tag: TagFacts, manifest: ManifestFacts | undefined): Place | undefined {
    const { manifests, now, inUse, companions } = this.#parts
    const { digest, digestSince } = tag
    if (digest === undefined || manifest === undefined) return undefined
    if (isAnchor(tag.tag, digest) || companions.isCompanion(tag)) return undefined
    const rule = this.#ruleFor(manifest)
    if (rule === undefined) return undefined
    const built = buildDate(manifest, manifests, now)
    const builder = this.#builderFor(rule, rule.streamOf(tag.tag))
    builder.add({ tag: tag.tag, digest, digestSince, built, isInUse: inUse.has(digest) })
    return { rule, builder, digest, built }
  }

  /** Why it stays whatever the rules say. */
  #staying({ tag, digest }: TagFacts, manifest: ManifestFacts | undefined): Reason | undefined {
    const { marks, restoredUntil, now } = this.#parts
    const { name } = this.#repository
    if (this.#isOwn || isOwnManifest(manifest)) return reason('Workspace')
    const used = marks.tag(name, tag)
    if (used !== undefined) return used
    const same = digest === undefined ? undefined : marks.digests.get(digest)
    if (same !== undefined) return sameInUse(same)
    const until = restoredUntil(name, tag)
    if (until !== undefined && until > now) return reason('Restored', '', 0, until)
    return this.#incomplete
  }

  #companion(tag: TagFacts, manifest: ManifestFacts | undefined): Draft {
    const { companions, manifests, now } = this.#parts
    const [subject = ''] = companions.subjectsOf(tag)
    const rule = this.#ruleFor(manifests.get(subject))
    if (rule === undefined) return kept(reason('NoRule'))
    const named = keepByName({ tag: tag.tag, rule })
    if (named !== undefined) return kept(named, rule)
    const fate = companions.fate(this.#repository, tag)
    if ('stays' in fate) return kept(fate.stays, rule)
    if ('follows' in fate) return gone(fate.follows, rule)
    if (!rule.evictsOrphans) return kept(reason('Orphan', fate.orphan), rule)
    const built = manifest === undefined ? undefined : buildDate(manifest, manifests, now)
    const young = keepYoung({ rule, now, changedAt: latest(built, tag) })
    return young === undefined ? gone(reason('OrphanGoes', fate.orphan), rule) : kept(young, rule)
  }

  #ruled(tag: TagFacts, { rule, digest, built }: Place, stream: Stream): Draft {
    const { now, unusedSince, superseded } = this.#parts
    const isUnused = this.#isUnused
    const changedAt = latest(built, tag)
    const why = keptByRule({ tag: tag.tag, digest, rule, stream, changedAt, isUnused, now })
    if (why !== undefined) return kept(why, rule)
    if (isUnused && rule.whenUnused === 'Evict')
      return gone(unusedReason('RepositoryUnused', unusedSince), rule)
    return superseded(rule, stream.newerThan(digest) ?? 0)
  }

  /**
   * An anchor, a companion, or what no rule decides about: there is no rule that nobody wrote. An anchor goes where some rule is about its repository, whatever that keeps:
   * in another one, another policy may be at work (S01).
   */
  #unplaced(tag: TagFacts, manifest: ManifestFacts | undefined): Draft {
    // In use, it would have stayed before any rule was asked.
    if (this.#rules.length > 0 && isAnchor(tag.tag, tag.digest))
      return gone(unusedReason('Anchor', this.#parts.unusedSince))
    if (tag.digest !== undefined && this.#parts.companions.isCompanion(tag))
      return this.#companion(tag, manifest)
    return kept(this.#unruled(manifest))
  }

  #unruled(manifest: ManifestFacts | undefined): Reason {
    const kind = ruleKind(manifest, this.#parts.manifests) ?? ''
    return kind === IMAGE_KIND || this.#rules.length === 0 ? reason('NoRule') : reason('NotAnImage', kind)
  }

  /** What is not there is taken for an image: signatures of what is gone are those of images. */
  #ruleFor(manifest: ManifestFacts | undefined): CompiledRule | undefined {
    if (this.#rules.length === 0) return undefined
    const kind = ruleKind(manifest, this.#parts.manifests) ?? IMAGE_KIND
    const known = this.#ruleByKind.get(kind)
    if (known !== undefined) return known
    const rule = this.#rules.find((each) => each.matchesKind(kind))
    this.#ruleByKind.set(kind, rule)
    return rule
  }

  #builderFor(rule: CompiledRule, key: string): StreamBuilder {
    const found = this.#streams.get(rule)?.get(key)
    if (found !== undefined) return found
    const streams = this.#streams.get(rule) ?? new Map<string, StreamBuilder>()
    const builder = new StreamBuilder(rule)
    this.#streams.set(rule, streams.set(key, builder))
    return builder
  }

  *#builtStreams(pace: Pace): Generator<undefined, Map<StreamBuilder, Stream>> {
    const found = new Map<StreamBuilder, Stream>()
    for (const streams of this.#streams.values())
      for (const builder of streams.values()) found.set(builder, yield* builder.build(pace))
    return found
  }
}

interface Place {
  readonly rule: CompiledRule
  readonly builder: StreamBuilder
  readonly digest: string
  readonly built: number | undefined
}

const NEVER = Number.NEGATIVE_INFINITY

/** When it changed last, as far as anybody knows (S10). */
function latest(built: number | undefined, { boundSince }: TagFacts): number | undefined {
  const at = Math.max(built ?? NEVER, boundSince ?? NEVER)
  return at === NEVER ? undefined : at
}

function kept(why: Reason, rule?: CompiledRule): Draft {
  return { keeps: true, reason: why, rule: rule?.name }
}

function gone(why: Reason, rule?: CompiledRule): Draft {
  return { keeps: false, reason: why, rule: rule?.name }
}
