import { digestKey, type EvictedThing, tagKey } from './evicted-key.ts'

/**
 * Tags that came back and whose manifest a run has taken after that: its DELETE was on its way, and takes along what names it by then, also what went by another run. The process that sent it
 * learns that from its answer; for the next one only the journal says so (S04).
 * @returns whether that is so of a tag that went
 */
export function goneAgain(
  went: Iterable<EvictedThing>,
  returned: readonly EvictedThing[],
): (each: EvictedThing) => boolean {
  const back = new Map<string, EvictedThing>()
  for (const each of returned) {
    if (each.tag === undefined) continue
    const before = back.get(tagKey(each))
    if (before === undefined || before.at < each.at) back.set(tagKey(each), each)
  }
  const sweptAt = new Map<string, number>()
  const wanted = new Set([...back.values()].map(digestKey))
  if (wanted.size > 0) {
    for (const each of went) {
      const key = digestKey(each)
      if (each.tag === undefined && wanted.has(key))
        sweptAt.set(key, Math.max(sweptAt.get(key) ?? 0, each.at))
    }
  }
  return (each) => {
    const last = each.tag === undefined ? undefined : back.get(tagKey(each))
    if (last === undefined || digestKey(last) !== digestKey(each)) return false
    return (sweptAt.get(digestKey(each)) ?? 0) > last.at
  }
}
