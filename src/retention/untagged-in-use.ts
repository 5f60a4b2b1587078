import type { Judgement } from '#retention/judge.ts'
import { type Reason, reason } from '#retention/reasons.ts'
import { Pace } from '#time/pace.ts'

/** A digest in use that no tag of its repository holds any more: the registry may remove it at any time (S14). */
export interface UntaggedInUse {
  readonly repository: string
  readonly digest: string
  /** Who uses it. */
  readonly reason: Reason
}

/** What is below a tagged index is held by that. In the order of the facts; in steps. */
export function* untaggedInUse({
  parts: { facts, graph, marks },
}: Pick<Judgement, 'parts'>): Generator<undefined, UntaggedInUse[]> {
  const pace = new Pace()
  const found: UntaggedInUse[] = []
  for (const { name: repository, tags, untagged } of facts.repositories) {
    const used = untagged.filter((digest) => marks.digests.has(digest))
    if (used.length === 0) continue
    const held = new Set<string>()
    for (const { digest } of tags) {
      if (digest !== undefined) held.add(digest)
      if (pace.isTurnOver()) yield
    }
    for (const digest of held) {
      for (const child of graph.children(digest)) held.add(child)
      if (pace.isTurnOver()) yield
    }
    for (const digest of used) {
      if (held.has(digest)) continue
      found.push({ repository, digest, reason: marks.digests.get(digest)?.reason ?? reason('InUse') })
    }
  }
  return found
}
