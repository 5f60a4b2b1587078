import { atOnce } from '#inventory/at-once.ts'
import { namedSubject } from '#retention/companion-name.ts'
import type { ManifestFacts, RegistryFacts } from '#retention/facts.ts'
import { Pace } from '#time/pace.ts'

/** What hangs on what, by digest and whatever the repositories. One that is named twice may be in a list twice. */
export interface ManifestGraph {
  /** What an index holds. */
  children(digest: string): readonly string[]
  /** Indexes that hold it. */
  holders(digest: string): readonly string[]
  /** What refers to it: by `subject`, by the referrers API, or by the name of a tag. */
  referrers(digest: string): readonly string[]
  /** What it refers to. */
  subjects(digest: string): readonly string[]
  /** Nothing hangs on it, and it hangs on nothing. @param manifest what was read of it */
  isAlone(digest: string, manifest: ManifestFacts | undefined): boolean
}

/** O(tags + manifests), in steps. Most of both have nothing to do with others and take no memory here. */
export function* manifestGraph(
  { repositories, manifests, referrers: asked }: RegistryFacts,
  pace: Pace,
): Generator<undefined, ManifestGraph> {
  const holders = new Edges()
  const referrers = new Edges()
  const subjects = new Edges()
  const refers = (from: string, to: string) => {
    if (from === to) return
    subjects.add(from, to)
    referrers.add(to, from)
  }
  for (const { digest, children, subject } of manifests.values()) {
    for (const child of children) holders.add(child.digest, digest)
    if (subject !== undefined) refers(digest, subject)
    if (pace.isTurnOver()) yield
  }
  for (const [subject, found] of asked) {
    for (const digest of found) refers(digest, subject)
    if (pace.isTurnOver()) yield
  }
  for (const { tags } of repositories) {
    for (const { tag, digest } of tags) {
      const subject = namedSubject(tag)
      if (subject !== undefined && digest !== undefined) refers(digest, subject)
      if (pace.isTurnOver()) yield
    }
  }
  return {
    children: (digest) => childrenOf(manifests, digest),
    holders: (digest) => holders.of(digest),
    referrers: (digest) => referrers.of(digest),
    subjects: (digest) => subjects.of(digest),
    isAlone: (digest, manifest) =>
      !holders.has(digest) &&
      !referrers.has(digest) &&
      !subjects.has(digest) &&
      (manifest === undefined || manifest.children.length === 0),
  }
}

const NONE: readonly string[] = []

function childrenOf(manifests: RegistryFacts['manifests'], digest: string): readonly string[] {
  const children = manifests.get(digest)?.children
  return children === undefined || children.length === 0 ? NONE : children.map((child) => child.digest)
}

class Edges {
  readonly #ends = new Map<string, string[]>()

  add(from: string, to: string): void {
    const ends = this.#ends.get(from)
    if (ends === undefined) this.#ends.set(from, [to])
    else ends.push(to)
  }

  has(from: string): boolean {
    return this.#ends.has(from)
  }

  of(from: string): readonly string[] {
    return this.#ends.get(from) ?? NONE
  }
}

/** Digests with everything below them and everything that refers to any of it. */
export function withAttached(graph: ManifestGraph, digests: Iterable<string>): Set<string> {
  return atOnce(attachedInSteps(graph, digests, new Pace()))
}

/** The same in steps. */
export function* attachedInSteps(
  graph: ManifestGraph,
  digests: Iterable<string>,
  pace: Pace,
): Generator<undefined, Set<string>> {
  const found = new Set(digests)
  // A set is walked over what is added meanwhile too.
  for (const digest of found) {
    for (const child of graph.children(digest)) found.add(child)
    for (const referrer of graph.referrers(digest)) found.add(referrer)
    if (pace.isTurnOver()) yield
  }
  return found
}

/** Digests with every index that holds one of them. */
export function withHolders(graph: ManifestGraph, digests: Iterable<string>): Set<string> {
  const found = new Set(digests)
  for (const digest of found) for (const holder of graph.holders(digest)) found.add(holder)
  return found
}
