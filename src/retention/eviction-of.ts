import type { JudgedRepository, Judgement } from '#retention/judge.ts'
import { attachedInSteps } from '#retention/manifest-graph.ts'
import { type SettleParts, type StaysIn, staysInSteps } from '#retention/settle.ts'
import type { Pace } from '#time/pace.ts'

/** A tag and the digest that it has, or had. */
export interface Binding {
  readonly tag: string
  readonly digest: string
}

/** What goes of one repository, as it was decided: plain data of a plan. */
export interface Eviction {
  readonly repository: string
  /** Every tag of the repository with the digest that it had when that was decided, those that stay too. */
  readonly tags: ReadonlyMap<string, string>
  /** The tags that go. */
  readonly bindings: readonly Binding[]
  /**
   * The manifests that go as soon as no tag names them: those of the bindings, children and referrers, without any that something needs
   * that stays.
   */
  readonly digests: readonly string[]
}

/** One for each repository of which something goes, in the order of the facts; in steps. About linear in tags and manifests. */
export function* evictionsInSteps(
  { repositories, parts }: Judgement,
  pace: Pace,
): Generator<undefined, Eviction[]> {
  const goes = repositories.some(({ verdicts }) => verdicts.some(({ action }) => action !== 'keep'))
  if (!goes) return []
  const stays = yield* staysInSteps(parts, pace)
  const evictions: Eviction[] = []
  for (const [at, repository] of repositories.entries()) {
    const eviction = yield* evictionOf(repository, at, parts, stays, pace)
    if (eviction !== undefined) evictions.push(eviction)
  }
  return evictions
}

/** undefined: nothing of it goes. */
function* evictionOf(
  { name, verdicts }: JudgedRepository,
  at: number,
  { facts, graph }: SettleParts,
  stays: StaysIn,
  pace: Pace,
): Generator<undefined, Eviction | undefined> {
  const tags = new Map<string, string>()
  const bindings: Binding[] = []
  const evicted = new Set<string>()
  for (const { tag, digest, action } of verdicts) {
    if (pace.isTurnOver()) yield
    if (digest === undefined) continue
    tags.set(tag, digest)
    if (action !== 'keep') bindings.push({ tag, digest })
    if (action === 'evict') evicted.add(digest)
  }
  if (bindings.length === 0) return undefined
  const attached = yield* attachedInSteps(graph, evicted, pace)
  // What nothing of the plan hangs on stays as it is, so that what it holds has to stay too.
  const needed = new Set<string>()
  const here = [...evicted]
  for (const digest of facts.repositories[at]?.untagged ?? []) {
    if (attached.has(digest)) here.push(digest)
    else needed.add(digest)
    if (pace.isTurnOver()) yield
  }
  for (const digest of needed) {
    for (const child of graph.children(digest)) needed.add(child)
    if (pace.isTurnOver()) yield
  }
  const digests: string[] = []
  for (const digest of here) {
    if (!needed.has(digest) && !stays(at, digest)) digests.push(digest)
    if (pace.isTurnOver()) yield
  }
  return { repository: name, tags, bindings, digests }
}
