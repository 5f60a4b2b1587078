import { type ComeAgain, wentSince } from '#retention/come-again.ts'
import type { RegistryFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'

/** Which registry a memory is of: another one starts from nothing. */
export interface RegistryIdentity {
  /** Of the Registry object. */
  readonly uid: string
  readonly url: string
}

/** Since when the tags of a registry have named what they name. Plain data; times are ms since the epoch. */
export interface RegistryMemory {
  readonly registry: RegistryIdentity
  /** The latest time that a scan in it was made at. */
  readonly at: number
  /** When the first scan was made: what it saw may have been so for long. */
  readonly firstAt: number
  /** Those that have bindings, by name. */
  readonly repositories: ReadonlyMap<string, RepositoryMemory>
  /** Since when those have listed no tags that had some, or that may be in use, ms since the epoch. It is not kept: another process counts anew. */
  readonly emptySince?: ReadonlyMap<string, number> | undefined
}

/** The bindings of a repository, sorted by tag, each once. In columns, because a registry has 400,000 of them. */
export interface RepositoryMemory {
  readonly tags: readonly string[]
  readonly digests: readonly string[]
  /** When the tag was first seen with the digest, no scan having seen it otherwise since. */
  readonly boundSince: readonly number[]
  /** When a tag of the registry was first seen with the digest, every scan having seen one since. */
  readonly digestSince: readonly number[]
}

/** What a scan saw, with what earlier ones know of it; and what to remember from now on. */
export interface Recalled {
  readonly facts: RegistryFacts
  readonly memory: RegistryMemory
}

/** Bindings between two steps: some milliseconds. */
const STEP = 4_096

/**
 * The facts without since when a tag is bound where that was before the first scan, in steps: nobody has seen it begin, and a tag of an old image is not young for being seen
 * for the first time. That it may be is what stands against carrying out such a plan (blocks.ts).
 */
export function* withoutFirstSeen({
  facts,
  memory: { firstAt },
}: Recalled): Generator<undefined, RegistryFacts> {
  const repositories: RepositoryFacts[] = []
  let count = 0
  for (const repository of facts.repositories) {
    const tags: TagFacts[] = []
    for (const tag of repository.tags) {
      const isSeen = tag.boundSince === undefined || tag.boundSince > firstAt
      tags.push(isSeen ? tag : { ...tag, boundSince: undefined })
      count += 1
      if (count % STEP === 0) yield
    }
    repositories.push({ ...repository, tags })
  }
  return { ...facts, repositories }
}

/**
 * Fills in since when tags and digests are known, and remembers them, in steps. What was not read in full keeps what was remembered of it; what is gone is
 * forgotten, and starts anew when it comes back, and so does what the policy itself took away in between. Where the clock was put back, what is new counts from the latest time that a scan had: nothing looks older than it is.
 */
export function* recall(
  before: RegistryMemory | undefined,
  facts: RegistryFacts,
  registry: RegistryIdentity,
  again: ComeAgain,
): Generator<undefined, Recalled> {
  const known = isOf(before, registry) ? before : undefined
  const at = Math.max(facts.readAt, known?.at ?? facts.readAt)
  const firstAt = known?.firstAt ?? at
  const digestTimes = yield* digestTimesOf(known)
  const memories = new Map<string, RepositoryMemory>()
  const repositories: RepositoryFacts[] = []
  let count = 0
  for (const repository of facts.repositories) {
    const columns = new Columns(at, digestTimes)
    const tags: TagFacts[] = []
    for (const { tag, digest, since, fact } of merged(known?.repositories.get(repository.name), repository)) {
      const isNew = since === undefined || wentSince(again, repository.name, tag, since)
      const dates = digest === undefined ? undefined : columns.add(tag, digest, isNew ? at : since)
      if (fact !== undefined) tags.push(fact.digest === undefined ? fact : { ...fact, ...dates })
      count += 1
      if (count % STEP === 0) yield
    }
    repositories.push({ ...repository, tags })
    if (columns.tags.length > 0) memories.set(repository.name, columns.all())
  }
  if (facts.incomplete !== undefined) {
    const seen = new Set(facts.repositories.map(({ name }) => name))
    for (const [name, memory] of known?.repositories ?? []) if (!seen.has(name)) memories.set(name, memory)
  }
  return { facts: { ...facts, repositories }, memory: { registry, at, firstAt, repositories: memories } }
}

export function isOf(
  memory: RegistryMemory | undefined,
  { uid, url }: RegistryIdentity,
): memory is RegistryMemory {
  return memory?.registry.uid === uid && memory.registry.url === url
}

function* digestTimesOf(known: RegistryMemory | undefined): Generator<undefined, Map<string, number>> {
  const times = new Map<string, number>()
  let count = 0
  for (const { digests, digestSince } of known?.repositories.values() ?? []) {
    for (const [place, digest] of digests.entries()) {
      const since = digestSince[place]
      if (since !== undefined) times.set(digest, since)
      count += 1
      if (count % STEP === 0) yield
    }
  }
  return times
}

interface Merged {
  readonly tag: string
  /** As it was seen, or else as it is remembered. */
  readonly digest: string | undefined
  /** Since when it is remembered with this digest. */
  readonly since: number | undefined
  /** undefined: it was not seen. */
  readonly fact: TagFacts | undefined
}

/** What was seen of a repository, and where that is not all, what is remembered besides; sorted by tag. */
function* merged(
  known: RepositoryMemory | undefined,
  { tags, incomplete }: RepositoryFacts,
): Generator<Merged> {
  const remembered = {
    tags: known?.tags ?? [],
    digests: known?.digests ?? [],
    since: known?.boundSince ?? [],
  }
  let place = 0
  function* unseenBefore(tag: string | undefined): Generator<Merged> {
    for (; place < remembered.tags.length; place += 1) {
      const unseen = remembered.tags[place] ?? ''
      if (tag !== undefined && unseen >= tag) return
      if (incomplete === undefined) continue
      yield {
        ...{ tag: unseen, digest: remembered.digests[place], since: remembered.since[place] },
        fact: undefined,
      }
    }
  }
  for (const fact of tags) {
    yield* unseenBefore(fact.tag)
    const isKnown = remembered.tags[place] === fact.tag
    const digest = isKnown ? remembered.digests[place] : undefined
    const isBound = isKnown && (fact.digest ?? digest) === digest
    yield {
      ...{ tag: fact.tag, digest: fact.digest ?? digest, fact },
      since: isBound ? remembered.since[place] : undefined,
    }
    if (isKnown) place += 1
  }
  yield* unseenBefore(undefined)
}

/** Takes in the bindings of a repository by tag. */
class Columns {
  readonly tags: string[] = []
  readonly #digests: string[] = []
  readonly #boundSince: number[] = []
  readonly #digestSince: number[] = []
  readonly #at: number
  readonly #digestTimes: Map<string, number>

  constructor(at: number, digestTimes: Map<string, number>) {
    this.#at = at
    this.#digestTimes = digestTimes
  }

  add(tag: string, digest: string, boundSince: number) {
    const digestSince = this.#digestTimes.get(digest) ?? this.#at
    this.#digestTimes.set(digest, digestSince)
    this.tags.push(tag)
    this.#digests.push(digest)
    this.#boundSince.push(boundSince)
    this.#digestSince.push(digestSince)
    return { digestSince, boundSince }
  }

  all(): RepositoryMemory {
    return {
      tags: this.tags,
      ...{ digests: this.#digests, boundSince: this.#boundSince, digestSince: this.#digestSince },
    }
  }
}
