import { atOnce } from '#inventory/at-once.ts'
import { completeness } from '#retention/completeness.ts'
import type { RepositoryFacts } from '#retention/facts.ts'
import { foundWorkspaces } from '#retention/found-workspaces.ts'
import type { Judgement } from '#retention/judge.ts'
import { isOwnContent } from '#retention/own-content.ts'
import { Protection } from '#retention/protection.ts'
import { type Reason, reason, reasonText } from '#retention/reasons.ts'
import { RemovalReach, type RemovalRequest } from '#retention/removal-reach.ts'
import type { SettleParts } from '#retention/settle.ts'
import { sameInUse } from '#retention/usage-marks.ts'
import { Pace } from '#time/pace.ts'

/** What somebody asks for, and how far it may go. */
export interface RemovalRequests {
  readonly requests: readonly RemovalRequest[]
  /** A digest may take tags along that nobody named. */
  readonly allTags: boolean
  /** What repositories of workspaces begin with (S08); those that are found for what they hold come on top (S33). */
  readonly workspaces: readonly string[]
}

/** `Moved`: the tag names another digest than the request. `OtherTags`: the digest has tags that nobody named. `PartOf`: something that stays needs it. */
export type RefusalCode = 'Absent' | 'Moved' | 'Workspace' | 'InUse' | 'Incomplete' | 'OtherTags' | 'PartOf'

export interface Refusal {
  readonly request: RemovalRequest
  readonly code: RefusalCode
  /** For people. */
  readonly why: string
}

/** What goes of one repository. */
export interface RepositoryRemoval {
  readonly repository: string
  /** Every tag with its digest, those that stay too. */
  readonly tags: ReadonlyMap<string, string>
  readonly bindings: readonly GoingTag[]
  /** Manifests that go with the tags, or by themselves. */
  readonly digests: readonly string[]
  /** Tags that stay and refer to something that goes. */
  readonly orphans: readonly string[]
}

export interface GoingTag {
  readonly tag: string
  readonly digest: string
  /** For people: why its digest stays; undefined: it goes too. */
  readonly stays: string | undefined
  /** For people: why it goes although nobody named it; undefined: somebody did. */
  readonly follows: string | undefined
}

/** Nothing is to be removed where something is refused. */
export interface RemovalDecision {
  readonly refusals: readonly Refusal[]
  readonly removals: readonly RepositoryRemoval[]
}

/**
 * Decides about tags and digests that are asked for by name: what is in use stays unless that is forced, and so does what something needs that stays.
 * What a tag leaves without a name goes along: its manifest, what that holds, signatures and the like.
 * @param judgement of the repositories that are named, by no rules
 */
export function decideRemoval({ parts }: Judgement, requested: RemovalRequests): RemovalDecision {
  const workspaces = [...requested.workspaces, ...foundWorkspaces(parts.facts)]
  const asked = { ...requested, workspaces }
  const protection = new Protection(parts.graph, () => undefined)
  for (const [digest, { name }] of parts.marks.digests) protection.add(digest, name)
  atOnce(protection.follow(new Pace()))
  const refusals: Refusal[] = []
  const removals: RepositoryRemoval[] = []
  for (const [name, requests] of Map.groupBy(asked.requests, ({ repository }) => repository)) {
    const facts = parts.facts.repositories.find((each) => each.name === name)
    const decision = new RepositoryDecision(facts ?? nothing(name), parts, protection, asked)
    for (const request of requests) {
      const refusal = decision.refusal(request, requests)
      if (refusal !== undefined) refusals.push({ request, ...refusal })
    }
    if (refusals.length === 0) removals.push(decision.removal(requests))
  }
  return refusals.length === 0 ? { refusals, removals } : { refusals, removals: [] }
}

type Answer = Omit<Refusal, 'request'>

class RepositoryDecision {
  readonly #facts: RepositoryFacts
  readonly #parts: SettleParts
  readonly #protection: Protection
  readonly #asked: RemovalRequests
  readonly #named: ReadonlyMap<string, string>
  readonly #incomplete: string | undefined

  constructor(facts: RepositoryFacts, parts: SettleParts, protection: Protection, asked: RemovalRequests) {
    this.#facts = facts
    this.#parts = parts
    this.#protection = protection
    this.#asked = asked
    this.#named = new Map(
      facts.tags.flatMap(({ tag, digest }) => (digest === undefined ? [] : [[tag, digest]])),
    )
    this.#incomplete = atOnce(completeness(parts.facts, parts.bound, new Pace())).of(facts.name)
  }

  /** Why the request cannot be followed; undefined: it can. */
  refusal(request: RemovalRequest, all: readonly RemovalRequest[]): Answer | undefined {
    return (
      this.#absent(request) ??
      this.#own(request) ??
      this.#inUse(request) ??
      this.#unknown() ??
      this.#needed(request, all)
    )
  }

  /** @param requests none of which is refused */
  removal(requests: readonly RemovalRequest[]): RepositoryRemoval {
    const { name } = this.#facts
    const reach = this.#reach(requests)
    const going = (tag: string, digest: string): GoingTag => {
      const follows = reach.asksFor(tag) ? undefined : reach.follows(tag, digest)
      return { tag, digest, stays: reach.staysFor(digest), follows }
    }
    return {
      repository: name,
      tags: this.#named,
      bindings: [...this.#named].flatMap(([tag, digest]) => (reach.goes(tag) ? [going(tag, digest)] : [])),
      digests: reach.digests,
      orphans: reach.orphans,
    }
  }

  #reach(requests: readonly RemovalRequest[]): RemovalReach {
    const { graph, marks } = this.#parts
    const { name, untagged } = this.#facts
    const isInUse = (tag: string) => marks.tag(name, tag) !== undefined
    return new RemovalReach({ named: this.#named, untagged, graph, used: marks.digests, isInUse }, requests)
  }

  #absent({ tag, digest }: RemovalRequest): Answer | undefined {
    if (tag === undefined) {
      const isThere = this.#facts.untagged.includes(digest ?? '') || this.#tagsOf(digest).length > 0
      return isThere ? undefined : { code: 'Absent', why: 'there is no such digest' }
    }
    const found = this.#facts.tags.find((each) => each.tag === tag)
    if (found === undefined) return { code: 'Absent', why: 'there is no such tag' }
    if (digest === undefined || found.digest === digest || found.digest === undefined) return undefined
    return { code: 'Moved', why: `the tag names ${found.digest}` }
  }

  #own({ tag, digest }: RemovalRequest): Answer | undefined {
    const named = tag === undefined ? digest : this.#named.get(tag)
    const manifest = this.#parts.facts.manifests.get(named ?? '')
    if (!isOwnContent(this.#facts.name, manifest, this.#asked.workspaces)) return undefined
    return { code: 'Workspace', why: reasonText(reason('Workspace')) }
  }

  #inUse(request: RemovalRequest): Answer | undefined {
    const why = request.isForced ? undefined : this.#useOf(request)
    return why === undefined ? undefined : { code: 'InUse', why: reasonText(why) }
  }

  /** By its own name, by its digest under any other, or because something in use hangs on it. */
  #useOf({ tag, digest }: RemovalRequest): Reason | undefined {
    const { marks } = this.#parts
    const own = tag === undefined ? undefined : marks.tag(this.#facts.name, tag)
    const named = (tag === undefined ? digest : this.#named.get(tag)) ?? ''
    const used = marks.digests.get(named)
    if (own !== undefined || used === undefined) return own ?? this.#protection.held.get(named)?.reason
    return tag === undefined ? used.reason : sameInUse(used)
  }

  #unknown(): Answer | undefined {
    if (this.#incomplete === undefined) return undefined
    return { code: 'Incomplete', why: reasonText(reason('Incomplete', this.#incomplete)) }
  }

  /** A tag can always go alone; a digest only if nothing needs it. */
  #needed({ tag, digest = '' }: RemovalRequest, all: readonly RemovalRequest[]): Answer | undefined {
    if (tag !== undefined) return undefined
    const reach = this.#reach(all)
    const others = this.#tagsOf(digest).filter((each) => !reach.asksFor(each))
    if (others.length > 0 && !this.#asked.allTags) {
      return { code: 'OtherTags', why: `${others.join(', ')} would go with it` }
    }
    const stays = reach.staysFor(digest)
    return stays === undefined ? undefined : { code: 'PartOf', why: stays }
  }

  #tagsOf(digest: string | undefined): string[] {
    return [...this.#named].filter(([, named]) => named === digest).map(([tag]) => tag)
  }
}

function nothing(name: string): RepositoryFacts {
  return { name, incomplete: undefined, tags: [], untagged: [] }
}
