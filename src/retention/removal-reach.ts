import { namedSubject } from '#retention/companion-name.ts'
import { type ManifestGraph, withAttached } from '#retention/manifest-graph.ts'
import { reason, reasonText } from '#retention/reasons.ts'
import { shortDigest } from '#retention/short-digest.ts'
import type { UsageMarks } from '#retention/usage-marks.ts'

/** A tag or a digest that somebody asks to remove by its name. Both: the tag, as long as it names that digest. */
export interface RemovalRequest {
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest?: string | undefined
  /** It may be in use. */
  readonly isForced: boolean
}

/** What a repository holds, and who uses what. */
export interface ReachParts {
  /** Every tag with its digest. */
  readonly named: ReadonlyMap<string, string>
  /** Manifests that are there, as far as they were asked for; some may have tags. */
  readonly untagged: readonly string[]
  readonly graph: ManifestGraph
  /** By digest: what is in use, in whatever repository. */
  readonly used: UsageMarks['digests']
  /** Whether somebody uses a tag by its name: such a one follows nothing. */
  isInUse(tag: string): boolean
}

/** What the removal of some tags and digests of one repository takes along, and what it has to leave. */
export class RemovalReach {
  readonly #parts: ReachParts
  readonly #named: ReadonlyMap<string, string>
  readonly #graph: ManifestGraph
  readonly #asked: ReadonlySet<string>
  /** Digests that are asked for, by themselves or by a tag. */
  readonly #digests: ReadonlySet<string>
  /** Those of them that may be in use. */
  readonly #forced: ReadonlySet<string>
  /** What is asked for, with all that hangs on it. */
  readonly #attached: ReadonlySet<string>
  readonly #going: Set<string>
  /** By digest, for people: why it stays. */
  #needed: ReadonlyMap<string, string>
  #doomed: ReadonlySet<string>

  constructor(parts: ReachParts, requests: readonly RemovalRequest[]) {
    const { named, graph } = parts
    this.#parts = parts
    this.#named = named
    this.#graph = graph
    this.#asked = new Set(requests.flatMap(({ tag }) => tag ?? []))
    const alone = new Set(requests.flatMap(({ tag, digest }) => (tag === undefined ? (digest ?? []) : [])))
    this.#going = new Set([...named].flatMap(([tag, digest]) => (alone.has(digest) ? [tag] : [])))
    for (const tag of this.#asked) this.#going.add(tag)
    const digestOf = ({ tag, digest }: RemovalRequest) => (tag === undefined ? digest : named.get(tag)) ?? []
    this.#digests = new Set(requests.flatMap(digestOf))
    this.#forced = new Set(requests.filter(({ isForced }) => isForced).flatMap(digestOf))
    this.#attached = withAttached(graph, this.#digests)
    do {
      this.#needed = this.#whatStays()
      this.#doomed = new Set([...this.#attached].filter((digest) => !this.#needed.has(digest)))
    } while (this.#addCompanions())
  }

  /** Whether somebody named the tag. */
  asksFor(tag: string): boolean {
    return this.#asked.has(tag)
  }

  goes(tag: string): boolean {
    return this.#going.has(tag)
  }

  /** The manifests that go. */
  get digests(): string[] {
    return [...this.#doomed]
  }

  /** For people: why a digest does not go with its tag; undefined: it goes. */
  staysFor(digest: string): string | undefined {
    return this.#needed.get(digest)
  }

  /** For people: why a tag goes that nobody named. */
  follows(tag: string, digest: string): string {
    const subject = namedSubject(tag)
    return subject === undefined || !this.#doomed.has(subject)
      ? `it names ${shortDigest(digest)}, which goes`
      : reasonText(reason('FollowsSubject', shortDigest(subject)))
  }

  /** Tags that stay, of what refers to something that goes. */
  get orphans(): string[] {
    const loses = (digest: string) =>
      this.#graph.subjects(digest).some((subject) => this.#doomed.has(subject))
    return [...this.#named].flatMap(([tag, digest]) => (!this.#going.has(tag) && loses(digest) ? [tag] : []))
  }

  /**
   * What the tags need that stay, what is in use and was not forced itself (S42), and what no tag names and nobody asked for: that, what it holds, and what refers to any
   * of it unless it was asked for.
   */
  #whatStays(): Map<string, string> {
    const needed = new Map<string, string>()
    const left: { readonly digest: string; readonly tag: string }[] = []
    const add = (digest: string, tag: string, why: string) => {
      if (needed.has(digest)) return
      needed.set(digest, why)
      left.push({ digest, tag })
    }
    const addChildren = (digest: string, tag: string) => {
      for (const child of this.#graph.children(digest)) add(child, tag, reasonText(reason('PartOf', tag)))
    }
    for (const [tag, digest] of this.#named)
      if (!this.#going.has(tag)) add(digest, tag, `${tag} names it too`)
    for (const [digest, { name, reason: why }] of this.#parts.used)
      if (!this.#forced.has(digest)) add(digest, name, reasonText(why))
    for (const digest of this.#parts.untagged)
      if (!this.#attached.has(digest)) add(digest, shortDigest(digest), 'nobody asked for it')
    // Lists are walked over what is added meanwhile too. What an index holds stays even if it was asked for, so that comes first.
    for (const { digest, tag } of left) addChildren(digest, tag)
    for (const { digest, tag } of left) {
      addChildren(digest, tag)
      for (const referrer of this.#graph.referrers(digest))
        if (!this.#digests.has(referrer)) add(referrer, tag, reasonText(reason('BelongsTo', tag)))
    }
    return needed
  }

  /** Tags that belong to what goes by their names alone are of no use without it. @returns whether there are more by now */
  #addCompanions(): boolean {
    const before = this.#going.size
    for (const tag of this.#named.keys()) {
      const subject = namedSubject(tag)
      if (subject !== undefined && this.#doomed.has(subject) && !this.#parts.isInUse(tag))
        this.#going.add(tag)
    }
    return this.#going.size > before
  }
}
