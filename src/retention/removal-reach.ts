import { namedSubject } from '#retention/companion-name.ts'
import { type ManifestGraph, withAttached } from '#retention/manifest-graph.ts'
import { reason, reasonText } from '#retention/reasons.ts'
import { shortDigest } from '#retention/short-digest.ts'

/** A tag or a digest that somebody asks to remove by its name. Both: the tag, as long as it names that digest. */
export interface RemovalRequest {
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest?: string | undefined
  /** It may be in use. */
  readonly isForced: boolean
}

/** What the removal of some tags and digests of one repository takes along, and what it has to leave. */
export class RemovalReach {
  /** Every tag with its digest. */
  readonly #named: ReadonlyMap<string, string>
  readonly #graph: ManifestGraph
  readonly #asked: ReadonlySet<string>
  /** Digests that are asked for, by themselves or by a tag. */
  readonly #digests: ReadonlySet<string>
  readonly #going: Set<string>
  /** By digest, for people: why it stays. */
  #needed: ReadonlyMap<string, string>
  #doomed: ReadonlySet<string>

  /** @param isInUse whether somebody uses a tag by its name: such a one follows nothing */
  constructor(
    named: ReadonlyMap<string, string>,
    graph: ManifestGraph,
    requests: readonly RemovalRequest[],
    isInUse: (tag: string) => boolean,
  ) {
    this.#named = named
    this.#graph = graph
    this.#asked = new Set(requests.flatMap(({ tag }) => tag ?? []))
    const alone = new Set(requests.flatMap(({ tag, digest }) => (tag === undefined ? (digest ?? []) : [])))
    this.#going = new Set([...named].flatMap(([tag, digest]) => (alone.has(digest) ? [tag] : [])))
    for (const tag of this.#asked) this.#going.add(tag)
    this.#digests = new Set([...alone, ...[...this.#asked].flatMap((tag) => named.get(tag) ?? [])])
    do {
      this.#needed = this.#whatStays()
      const attached = withAttached(graph, this.#digests)
      this.#doomed = new Set([...attached].filter((digest) => !this.#needed.has(digest)))
    } while (this.#addCompanions(isInUse))
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

  /** What the tags need that stay: what they name, what that holds, and what refers to any of it unless it was asked for. */
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
  #addCompanions(isInUse: (tag: string) => boolean): boolean {
    const before = this.#going.size
    for (const tag of this.#named.keys()) {
      const subject = namedSubject(tag)
      if (subject !== undefined && this.#doomed.has(subject) && !isInUse(tag)) this.#going.add(tag)
    }
    return this.#going.size > before
  }
}
