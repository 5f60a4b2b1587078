import { setImmediate } from 'node:timers/promises'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import { MAX_DEPTH, subjectOf } from '#evict/chosen-back.ts'
import type { Evicted } from '#evict/evicted.ts'
import { digestKey, evictedKey } from '#evict/evicted-key.ts'

/** So many are looked at in one turn of the event loop: some milliseconds. */
const STEP = 16_384

/**
 * What went and belongs to something that is in use: its signatures and the like. No pod names them, and a cluster that verifies them starts none of its pods without (S04).
 * @param uses of what went, also of what is back by now
 * @param things what went; gone through once for each level of signatures of signatures
 */
export async function companionsOf(
  uses: readonly EvictedUse[],
  things: Iterable<Evicted>,
): Promise<EvictedUse[]> {
  const found: EvictedUse[] = []
  const taken = new Set<string>()
  let level = uses
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth += 1) {
    const owners = Map.groupBy(level, ({ thing }) => digestKey(thing))
    const next: EvictedUse[] = []
    let seen = 0
    for (const thing of things) {
      seen += 1
      if (seen % STEP === 0) await setImmediate()
      const subject = subjectOf(thing)
      if (subject === undefined) continue
      const own = owners.get(digestKey({ repository: thing.repository, digest: subject }))
      const [first] = own ?? []
      if (own === undefined || first === undefined) continue
      next.push({ thing, reason: first.reason, belongsTo: own.flatMap(ownersOf) })
    }
    level = next.filter(({ thing }) => !taken.has(evictedKey(thing)))
    for (const { thing } of level) taken.add(evictedKey(thing))
    found.push(...level)
  }
  return found
}

function ownersOf({ thing, belongsTo = [thing] }: EvictedUse): readonly Evicted[] {
  return belongsTo
}
