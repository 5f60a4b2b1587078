import { sideBySide } from '#scan/side-by-side.ts'
import type { Reach } from './hands.ts'
import { journalState } from './journal-state.ts'
import type { TrashCopy } from './trash-copies.ts'
import { liesInTrash, type TrashPlace, trashTag } from './trash-place.ts'
import { Wholeness } from './wholeness.ts'
import { WIDTH } from './width.ts'

/**
 * Reads copies again, manifests with their bytes and blobs by their last. A copy that is not whole any more is not believed again: the next
 * `copyToTrash` makes it anew.
 * @param before in milliseconds since the epoch: a garbage collection that began before a copy was made may still take it (S18)
 * @returns those of the digests whose copy was whole before that, and is now
 */
export async function provenInTrash(
  reach: Reach,
  place: TrashPlace,
  digests: readonly string[],
  before: number,
): Promise<ReadonlySet<string>> {
  const { trashed } = await journalState(reach.journal)
  const shelves = new Map<string, Wholeness>()
  const at = (repository: string) => {
    const shelf = shelves.get(repository) ?? new Wholeness(reach, repository, trashTag)
    shelves.set(repository, shelf)
    return shelf
  }
  const proven = new Set<string>()
  const broken = new Map<string, string[]>()
  await sideBySide(oldEnough(trashed, place, digests, before), WIDTH, async ({ digest, repository }) => {
    if (await at(repository).holds(digest)) proven.add(digest)
    else broken.set(repository, [...(broken.get(repository) ?? []), digest])
  })
  const now = reach.clock.now()
  const records = [...broken].map(
    ([repository, lost]) => ({ kind: 'untrusted', at: now, repository, digests: lost }) as const,
  )
  if (records.length > 0) await reach.journal.append(records)
  return proven
}

function oldEnough(
  trashed: ReadonlyMap<string, TrashCopy>,
  place: TrashPlace,
  digests: readonly string[],
  before: number,
): TrashCopy[] {
  return [...new Set(digests)].flatMap((digest) => {
    const copy = trashed.get(digest)
    const counts = copy?.at !== undefined && copy.at < before && liesInTrash(place, copy.repository)
    return counts ? [copy] : []
  })
}
