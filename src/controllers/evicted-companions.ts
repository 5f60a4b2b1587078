import { setImmediate } from 'node:timers/promises'
import type { EvictedUse } from '#controllers/evicted-use.ts'
import { MAX_DEPTH, subjectOf } from '#evict/chosen-back.ts'
import type { Evicted } from '#evict/evicted.ts'
import { digestKey } from '#evict/evicted-key.ts'

/** So many are looked at in one turn of the event loop: some milliseconds. */
const STEP = 16_384

/**
 * With what went and belongs to something that is in use: its signatures and the like. No pod names them, and a cluster that verifies them starts none of its pods without (S04).
 * @param things what went
 */
export async function withCompanions(
  uses: readonly EvictedUse[],
  things: Iterable<Evicted>,
): Promise<EvictedUse[]> {
  const all = [...uses]
  if (uses.length === 0) return all
  const companions = await companionsIn(new Set(uses.map(({ thing }) => thing.repository)), things)
  const byDigest = new Map(uses.map((use) => [digestKey(use.thing), use]))
  const taken = new Set(uses.map(({ thing }) => thing))
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const found: EvictedUse[] = []
    for (const thing of companions) {
      const { repository } = thing
      const owner = byDigest.get(digestKey({ repository, digest: subjectOf(thing) ?? '' }))
      if (owner === undefined || taken.has(thing)) continue
      found.push({ thing, reason: owner.reason, belongsTo: owner.belongsTo ?? owner.thing })
    }
    for (const use of found) {
      taken.add(use.thing)
      const key = digestKey(use.thing)
      if (!byDigest.has(key)) byDigest.set(key, use)
    }
    if (found.length === 0) break
    all.push(...found)
  }
  return all
}

async function companionsIn(
  repositories: ReadonlySet<string>,
  things: Iterable<Evicted>,
): Promise<readonly Evicted[]> {
  const found: Evicted[] = []
  let seen = 0
  for (const thing of things) {
    if (repositories.has(thing.repository) && subjectOf(thing) !== undefined) found.push(thing)
    seen += 1
    if (seen % STEP === 0) await setImmediate()
  }
  return found
}
