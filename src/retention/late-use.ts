import { atOnce } from '#inventory/at-once.ts'
import type { InUseIndex } from '#inventory/in-use-index.ts'
import type { RegistryImage } from '#inventory/usage-lookup.ts'
import { DerivedImages } from '#retention/derived-images.ts'
import type { RegistryFacts } from '#retention/facts.ts'
import type { Judgement } from '#retention/judge.ts'
import { attachedInSteps, type ManifestGraph } from '#retention/manifest-graph.ts'
import { type Reason, type ReasonCode, reason } from '#retention/reasons.ts'
import { removals } from '#retention/removals.ts'
import { sameInUse } from '#retention/usage-marks.ts'
import { useReason } from '#retention/use-reason.ts'
import { Pace } from '#time/pace.ts'

/** What is about to go: a tag with its digest, or a manifest. */
export interface LateCandidate {
  readonly repository: string
  readonly tag?: string | undefined
  readonly digest: string
}

/**
 * Why something that was to go has to stay by a newer index: it is used, or something is that would take it along, in whatever repository (S04);
 * undefined: nothing that uses it is known.
 */
export type LateUse = (candidate: LateCandidate, usage: InUseIndex) => Reason | undefined

/**
 * Looks for use in the other direction than a plan, from what goes to what would keep it, so that each question costs no more than what hangs on
 * one thing. Where a plan by the newer index would keep something for its use, this does too. What the plan does not let go, nobody may take.
 * @param also digests that an earlier plan let go, and whose tags are gone by now: this one knows nothing of them
 */
export function lateUse(judgement: Judgement, also: Iterable<string> = []): LateUse {
  return atOnce(lateUseInSteps(judgement, also))
}

/** The same in steps. */
export function* lateUseInSteps(
  judgement: Judgement,
  also: Iterable<string>,
  pace = new Pace(),
): Generator<undefined, LateUse> {
  const { parts } = judgement
  const edges = new KeepingEdges(parts, yield* DerivedImages.of(parts, pace))
  const digests = new Set<string>()
  for (const digest of also) {
    digests.add(digest)
    if (pace.isTurnOver()) yield
  }
  for (const { verdict } of removals(judgement.repositories)) {
    if (verdict.digest !== undefined) digests.add(verdict.digest)
    if (pace.isTurnOver()) yield
  }
  const seeds = yield* attachedInSteps(parts.graph, digests, pace)
  const places = yield* placesOf(parts, yield* edges.before(seeds, pace), pace)
  let search: Search | undefined
  return (candidate, usage) => {
    if (search?.usage !== usage) search = new Search(usage, edges, places, parts.facts)
    if (!seeds.has(candidate.digest)) return reason('NotApproved')
    return useReason(usage.usesOf(candidate)) ?? search.keeps(candidate.digest)
  }
}

/** A digest that may stay. `isLifted`: in such a way that the indexes that hold it stay too (protection.ts). */
interface Node {
  readonly digest: string
  readonly isLifted: boolean
}

interface Edge {
  readonly to: Node
  /** Why the one stays if the other does. */
  readonly code: ReasonCode
}

/** From a digest to all those for which it would stay: the edges of protection.ts and settle.ts, backwards. */
class KeepingEdges {
  readonly #graph: ManifestGraph
  readonly #manifests: RegistryFacts['manifests']
  readonly #derived: DerivedImages

  constructor({ graph, facts }: Judgement['parts'], derived: DerivedImages) {
    this.#graph = graph
    this.#manifests = facts.manifests
    this.#derived = derived
  }

  of({ digest, isLifted }: Node): Edge[] {
    const graph = this.#graph
    const manifest = this.#manifests.get(digest)
    const edges: Edge[] = []
    const add = (digests: readonly string[], code: ReasonCode, lifted: boolean) => {
      for (const each of digests) edges.push({ to: { digest: each, isLifted: lifted }, code })
    }
    if (!isLifted) add(graph.holders(digest), 'PartOf', false)
    if (!isLifted) add(graph.subjects(digest), 'BelongsTo', false)
    add(graph.referrers(digest), 'SubjectOf', isLifted)
    add(graph.children(digest), 'Holds', true)
    if (manifest !== undefined) add(this.#derived.of(manifest), 'BaseOf', false)
    return edges
  }

  /** Everything that could keep one of these, in steps. */
  *before(digests: ReadonlySet<string>, pace: Pace): Generator<undefined, Set<string>> {
    const found = new Set<string>()
    const seen = new Set<string>()
    for (const digest of digests) {
      const left: Node[] = [{ digest, isLifted: false }]
      for (let node = left.pop(); node !== undefined; node = left.pop()) {
        if (pace.isTurnOver()) yield
        const key = keyOf(node)
        if (seen.has(key)) continue
        seen.add(key)
        found.add(node.digest)
        for (const { to } of this.of(node)) left.push(to)
      }
    }
    return found
  }
}

function keyOf({ digest, isLifted }: Node): string {
  return isLifted ? `${digest} lifted` : digest
}

/** The answers by one index. Each digest is looked at once, however many ask for it. */
class Search {
  readonly usage: InUseIndex
  readonly #edges: KeepingEdges
  readonly #places: ReadonlyMap<string, readonly RegistryImage[]>
  readonly #manifests: RegistryFacts['manifests']
  readonly #known = new Map<string, Reason | undefined>()

  constructor(
    usage: InUseIndex,
    edges: KeepingEdges,
    places: ReadonlyMap<string, readonly RegistryImage[]>,
    { manifests }: RegistryFacts,
  ) {
    this.usage = usage
    this.#edges = edges
    this.#places = places
    this.#manifests = manifests
  }

  /** Why a digest stays; undefined: nothing that uses it, or what would keep it, is known. */
  keeps(digest: string): Reason | undefined {
    const start: Node = { digest, isLifted: false }
    if (this.#known.has(keyOf(start))) return this.#known.get(keyOf(start))
    /** By node: from which other one it was come upon, and why that one stays if it does. */
    const ways = new Map<string, { readonly from: string; readonly code: ReasonCode } | undefined>()
    ways.set(keyOf(start), undefined)
    const left = [start]
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      const key = keyOf(node)
      const found = this.#known.get(key) ?? this.#inUse(node.digest)
      if (found !== undefined) {
        this.#known.set(key, found)
        for (let way = ways.get(key); way !== undefined; way = ways.get(way.from))
          this.#known.set(way.from, reason(way.code, found.of))
        return this.#known.get(keyOf(start))
      }
      if (this.#known.has(key)) continue
      for (const { to, code } of this.#edges.of(node)) {
        const next = keyOf(to)
        if (ways.has(next)) continue
        ways.set(next, { from: key, code })
        left.push(to)
      }
    }
    // Nothing was found behind any of them.
    for (const key of ways.keys()) this.#known.set(key, undefined)
    return undefined
  }

  #inUse(digest: string): Reason | undefined {
    const config = this.#manifests.get(digest)?.config
    const byConfig = config === undefined ? undefined : useReason(this.usage.usesOfConfig(config.digest))
    for (const place of this.#places.get(digest) ?? []) {
      const found = byConfig ?? useReason(this.usage.usesOf(place))
      const name = `${place.repository}${place.tag === undefined ? `@${digest}` : `:${place.tag}`}`
      if (found !== undefined) return sameInUse({ name, reason: found })
    }
    return undefined
  }
}

/** Under which names each of these digests can be used: usage-marks.ts asks for no others. In steps. */
function* placesOf(
  { facts }: Judgement['parts'],
  wanted: ReadonlySet<string>,
  pace: Pace,
): Generator<undefined, Map<string, readonly RegistryImage[]>> {
  const places = new Map<string, RegistryImage[]>()
  const add = (place: RegistryImage & { readonly digest: string }) => {
    if (!wanted.has(place.digest)) return
    const known = places.get(place.digest)
    if (known === undefined) places.set(place.digest, [place])
    else known.push(place)
  }
  for (const { name: repository, tags, untagged } of facts.repositories) {
    const below = new Set(untagged)
    const addBelow = (digest: string) => {
      for (const child of facts.manifests.get(digest)?.children ?? []) below.add(child.digest)
    }
    for (const { tag, digest } of tags) {
      if (pace.isTurnOver()) yield
      if (digest === undefined) continue
      add({ repository, tag, digest })
      addBelow(digest)
    }
    // A set is walked over what is added meanwhile too.
    for (const digest of below) {
      add({ repository, digest })
      addBelow(digest)
      if (pace.isTurnOver()) yield
    }
  }
  return places
}
