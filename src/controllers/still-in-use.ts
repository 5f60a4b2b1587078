import { type EvictedUse, evictedInUse } from '#controllers/evicted-use.ts'
import { withHeld } from '#inventory/held-images.ts'
import { inUseIndex, type KnownUsage } from '#inventory/in-use-index.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { HeldImages } from '#scan/used-indexes.ts'

export interface StillInUseParts {
  /** All that is in use. */
  readonly usage: KnownUsage
  readonly names: RegistryNames
  readonly holders: (usage: KnownUsage, repositories: ReadonlySet<string>) => Promise<HeldImages>
}

/**
 * Those of `uses` that are in use by now, and not only remembered: by themselves, as a part of an index, or because what they belong to is. Where an index in use is damaged, all of them: nobody knows what
 * it contains.
 * @throws what keeps indexes from being read: REGISTRY_*
 */
export async function stillInUse(
  uses: readonly EvictedUse[],
  { usage: known, names, holders }: StillInUseParts,
): Promise<readonly EvictedUse[]> {
  const usage = { ...known, snapshots: known.snapshots.map((each) => ({ ...each, remembered: [] })) }
  const things = uses.flatMap(({ thing, belongsTo = [] }) => [thing, ...belongsTo])
  const index = inUseIndex(usage, names)
  const used = new Set((await evictedInUse(things, index)).map(({ thing }) => thing))
  const isUsed = ({ thing, belongsTo = [] }: EvictedUse) =>
    [thing, ...belongsTo].some((each) => used.has(each))
  if (uses.every(isUsed)) return uses
  const held = await holders(usage, new Set(things.map(({ repository }) => repository)))
  // One that is not there is different: nobody can pull a part by it.
  if (held.damaged !== undefined) return uses
  for (const { thing } of await evictedInUse(things, withHeld(index, held.holders))) used.add(thing)
  return uses.filter(isUsed)
}
