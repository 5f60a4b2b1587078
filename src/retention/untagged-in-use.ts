import type { Judgement } from '#retention/judge.ts'
import { type Reason, reason } from '#retention/reasons.ts'

/** A digest in use that no tag of its repository holds any more: the registry may remove it at any time (S14). */
export interface UntaggedInUse {
  readonly repository: string
  readonly digest: string
  /** Who uses it. */
  readonly reason: Reason
}

/** What is below a tagged index is held by that. In the order of the facts. */
export function untaggedInUse({ parts }: Pick<Judgement, 'parts'>): UntaggedInUse[] {
  const { facts, graph, marks } = parts
  return facts.repositories.flatMap(({ name, tags, untagged }) => {
    const used = untagged.filter((digest) => marks.digests.has(digest))
    if (used.length === 0) return []
    const held = new Set(tags.map(({ digest }) => digest ?? ''))
    for (const digest of held) for (const child of graph.children(digest)) held.add(child)
    return used
      .filter((digest) => !held.has(digest))
      .map((digest) => ({
        repository: name,
        digest,
        reason: marks.digests.get(digest)?.reason ?? reason('InUse'),
      }))
  })
}
