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

export interface StillInUse {
  readonly used: readonly EvictedUse[]
  /** false: an index in use could not be read, and nobody knows whether it contains one of the others. */
  readonly isWhole: boolean
}

/** Those of `uses` that are in use by now, and not only remembered: by themselves, as a part of an index, or because what they belong to is. */
export async function stillInUse(
  uses: readonly EvictedUse[],
  { usage: known, names, holders }: StillInUseParts,
): Promise<StillInUse> {
  const usage = { ...known, snapshots: known.snapshots.map((each) => ({ ...each, remembered: [] })) }
  const things = uses.flatMap(({ thing, belongsTo = [] }) => [thing, ...belongsTo])
  const index = inUseIndex(usage, names)
  const used = new Set((await evictedInUse(things, index)).map(({ thing }) => thing))
  const isUsed = ({ thing, belongsTo = [] }: EvictedUse) =>
    [thing, ...belongsTo].some((each) => used.has(each))
  if (uses.every(isUsed)) return { used: uses, isWhole: true }
  let held: HeldImages
  try {
    held = await holders(usage, new Set(things.map(({ repository }) => repository)))
  } catch {
    // What reads them when they come into use tells of that (EvictedIndexes).
    return { used: uses.filter(isUsed), isWhole: false }
  }
  for (const { thing } of await evictedInUse(things, withHeld(index, held.holders))) used.add(thing)
  // One that is not there is different from a damaged one: nobody can pull a part by it.
  return { used: uses.filter(isUsed), isWhole: held.damaged === undefined }
}
