import type { EvictedUse } from '#controllers/evicted-use.ts'
import { MAX_DEPTH, subjectOf } from '#evict/chosen-back.ts'
import type { Evicted } from '#evict/evicted.ts'
import { digestKey, evictedKey } from '#evict/evicted-key.ts'
import { inSteps } from '#time/in-steps.ts'

/**
 * What went and belongs to something that is in use: its signatures and the like, and theirs. No pod names them, and a cluster that verifies them starts none of its pods without (S04).
 * What refers to nothing that went from its own repository followed what has that digest elsewhere (COSIGN_REPOSITORY), and comes back with that.
 * @param uses of what went
 * @param things what went, also what is back by now; gone through twice for each level
 * @returns them, each with what of `uses` it belongs to in the end
 */
export async function companionsOf(
  uses: readonly EvictedUse[],
  things: Iterable<Evicted>,
): Promise<EvictedUse[]> {
  const found = new Map<string, EvictedUse>()
  let level = uses
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth += 1) {
    const owners = Map.groupBy(level, ({ thing }) => thing.digest)
    const homes = new Set<string>()
    for await (const thing of inSteps(things)) if (owners.has(thing.digest)) homes.add(digestKey(thing))
    const next = new Map<string, EvictedUse>()
    for await (const thing of inSteps(things)) {
      const subject = subjectOf(thing)
      if (subject === undefined) continue
      const key = `${evictedKey(thing)} ${thing.digest}`
      if (found.has(key)) continue
      const { repository } = thing
      const isHome = homes.has(digestKey({ repository, digest: subject }))
      const own = (owners.get(subject) ?? []).filter(
        (each) => !isHome || each.thing.repository === repository,
      )
      const [first] = own
      if (first === undefined) continue
      next.set(key, { thing, reason: first.reason, belongsTo: rootsOf(own) })
    }
    for (const [key, use] of next) found.set(key, use)
    level = [...next.values()]
  }
  return [...found.values()]
}

function rootsOf(owners: readonly EvictedUse[]): readonly Evicted[] {
  const roots = owners.flatMap(({ thing, belongsTo = [thing] }) => belongsTo)
  return [...new Map(roots.map((root) => [evictedKey(root), root])).values()]
}
