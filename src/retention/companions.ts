import type { BoundManifests } from '#retention/bound-manifests.ts'
import { hasCutSubject, namedSubject } from '#retention/companion-name.ts'
import type { Completeness } from '#retention/completeness.ts'
import type { ManifestFacts, RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import { attachedInSteps, type ManifestGraph } from '#retention/manifest-graph.ts'
import { type Reason, reason } from '#retention/reasons.ts'
import { shortDigest } from '#retention/short-digest.ts'
import type { Pace } from '#time/pace.ts'

/** Of nearly all tags. */
const NO_SUBJECTS: readonly string[] = []

/** What becomes of a companion as far as its subjects say: it stays, it follows them, or it has none. */
export type CompanionFate =
  | { readonly stays: Reason }
  | { readonly follows: Reason }
  | { readonly orphan: string }

/**
 * Companions are tags that belong to a digest: `sha256-…` by their name, others by the `subject` of their manifest. They go when it goes, and stay when it stays (S09):
 * the subject in their own repository decides, and where that has none, those in all others.
 */
export class Companions {
  readonly #facts: RegistryFacts
  readonly #graph: ManifestGraph
  readonly #known: Completeness
  readonly #subjects = new Map<TagFacts, readonly string[]>()
  /** By digest of a subject: the repositories that have it. */
  readonly #homes = new Map<string, RepositoryFacts[]>()
  /** By digest of a companion: the repositories in which it has a tag, without its subject. */
  readonly #away = new Map<string, { readonly repository: RepositoryFacts; readonly subject: string }[]>()
  /** Of the repositories that have a subject: digests about which something else than a companion decides, so that a companion has something to follow. */
  readonly #decided = new Map<RepositoryFacts, ReadonlySet<string>>()

  private constructor(facts: RegistryFacts, graph: ManifestGraph, known: Completeness) {
    this.#facts = facts
    this.#graph = graph
    this.#known = known
  }

  /** In steps. */
  static *of(
    facts: RegistryFacts,
    bound: readonly BoundManifests[],
    graph: ManifestGraph,
    known: Completeness,
    pace: Pace,
  ): Generator<undefined, Companions> {
    const companions = new Companions(facts, graph, known)
    yield* companions.#find(bound, pace)
    return companions
  }

  *#find(bound: readonly BoundManifests[], pace: Pace): Generator<undefined, void> {
    const { repositories } = this.#facts
    for (const [place, { tags }] of repositories.entries()) {
      let at = 0
      for (const tag of tags) {
        this.#enter(tag, bound[place]?.[at])
        at += 1
        if (pace.isTurnOver()) yield
      }
    }
    if (this.#homes.size === 0) return
    for (const repository of repositories) yield* this.#findSubjects(repository, pace)
    for (const repository of repositories) yield* this.#findAway(repository, pace)
    for (const repository of new Set([...this.#homes.values()].flat()))
      this.#decided.set(repository, yield* this.#decidedIn(repository, pace))
  }

  /** Digests to which the tag belongs; of a tag that was cut, none although it belongs to one. */
  subjectsOf(tag: TagFacts): readonly string[] {
    return this.#subjects.get(tag) ?? NO_SUBJECTS
  }

  isCompanion(tag: TagFacts): boolean {
    return hasCutSubject(tag.tag) || this.subjectsOf(tag).length > 0
  }

  /** @param tag a companion of a repository that was read in full */
  fate(repository: RepositoryFacts, tag: TagFacts): CompanionFate {
    if (hasCutSubject(tag.tag)) return { stays: reason('SubjectUnknown', tag.tag) }
    const subjects = this.subjectsOf(tag)
    let orphan: string | undefined
    for (const subject of subjects) {
      const homes = this.#homesFor(repository, subject)
      const name = shortDigest(subject)
      if (!homes.includes(repository) && !this.#known.isWhole)
        return { stays: reason('SubjectUnknown', name) }
      if (homes.some((home) => !this.#isDecided(home, subject)))
        return { stays: reason('SubjectStays', name) }
      if (homes.length === 0) orphan = name
    }
    return orphan === undefined
      ? { follows: reason('FollowsSubject', shortDigest(subjects[0] ?? '')) }
      : { orphan }
  }

  /** Where the subject of a companion in `repository` is: there, or else in any others. */
  #homesFor(repository: RepositoryFacts, subject: string): readonly RepositoryFacts[] {
    const homes = this.#homes.get(subject) ?? []
    return homes.includes(repository) ? [repository] : homes
  }

  /** The repositories that do not have the subject, and in which this digest has a tag as its companion. */
  away(digest: string, subject: string): RepositoryFacts[] {
    const all = this.#away.get(digest) ?? []
    return all.filter((each) => each.subject === subject).map(({ repository }) => repository)
  }

  #enter(tag: TagFacts, manifest: ManifestFacts | undefined): void {
    const named = namedSubject(tag.tag)
    const subject = manifest?.subject
    if (named === undefined && subject === undefined) return
    const all = named === subject ? [named] : [named, subject]
    const subjects = all.filter((each) => each !== undefined).filter((each) => each !== tag.digest)
    if (subjects.length > 0) this.#subjects.set(tag, subjects)
    for (const each of subjects) this.#homes.set(each, [])
  }

  *#findSubjects(repository: RepositoryFacts, pace: Pace): Generator<undefined, void> {
    const add = (digest: string) => {
      const homes = this.#homes.get(digest)
      if (homes !== undefined && homes.at(-1) !== repository) homes.push(repository)
    }
    for (const { digest } of repository.tags) {
      if (digest !== undefined) add(digest)
      if (pace.isTurnOver()) yield
    }
    for (const digest of repository.untagged) {
      add(digest)
      if (pace.isTurnOver()) yield
    }
  }

  *#findAway(repository: RepositoryFacts, pace: Pace): Generator<undefined, void> {
    for (const tag of repository.tags) {
      if (pace.isTurnOver()) yield
      if (tag.digest === undefined) continue
      for (const subject of this.subjectsOf(tag)) {
        if (this.#homes.get(subject)?.includes(repository) === true) continue
        const all = this.#away.get(tag.digest) ?? []
        all.push({ repository, subject })
        this.#away.set(tag.digest, all)
      }
    }
  }

  #isDecided(repository: RepositoryFacts, digest: string): boolean {
    return this.#decided.get(repository)?.has(digest) === true
  }

  *#decidedIn(repository: RepositoryFacts, pace: Pace): Generator<undefined, ReadonlySet<string>> {
    const first: string[] = []
    for (const tag of repository.tags) {
      if (tag.digest !== undefined && this.#isFirst(repository, tag)) first.push(tag.digest)
      if (pace.isTurnOver()) yield
    }
    return yield* attachedInSteps(this.#graph, first, pace)
  }

  /** An ordinary tag, or a companion of something that is not in its repository. */
  #isFirst(repository: RepositoryFacts, tag: TagFacts): boolean {
    return !this.subjectsOf(tag).some((subject) => this.#homes.get(subject)?.includes(repository) === true)
  }
}
