import type { Judgement } from '#retention/judge.ts'
import { withAttached } from '#retention/manifest-graph.ts'
import { staysIn } from '#retention/settle.ts'

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

/** One for each repository of which something goes, in the order of the facts. About linear in tags and manifests. */
export function evictionsOf(judgement: Judgement): Eviction[] {
  const { repositories, parts } = judgement
  const { facts, graph } = parts
  const goes = repositories.some(({ verdicts }) => verdicts.some(({ action }) => action !== 'keep'))
  if (!goes) return []
  const stays = staysIn(parts)
  return repositories.flatMap(({ name, verdicts }, at) => {
    const tags = new Map<string, string>()
    const bindings: Binding[] = []
    const evicted = new Set<string>()
    for (const { tag, digest, action } of verdicts) {
      if (digest === undefined) continue
      tags.set(tag, digest)
      if (action !== 'keep') bindings.push({ tag, digest })
      if (action === 'evict') evicted.add(digest)
    }
    if (bindings.length === 0) return []
    const untagged = facts.repositories[at]?.untagged ?? []
    const attached = withAttached(graph, evicted)
    // What nothing of the plan hangs on stays as it is, so that what it holds has to stay too.
    const needed = new Set(untagged.filter((digest) => !attached.has(digest)))
    for (const digest of needed) for (const child of graph.children(digest)) needed.add(child)
    const here = [...evicted, ...untagged.filter((digest) => attached.has(digest))]
    const digests = here.filter((digest) => !needed.has(digest) && !stays(at, digest))
    return [{ repository: name, tags, bindings, digests }]
  })
}
