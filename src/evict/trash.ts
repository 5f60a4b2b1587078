import type { Reach } from './hands.ts'
import { journalState } from './journal-state.ts'
import { copied } from './save.ts'
import { familyOf } from './trash-family.ts'
import { fillShelf, type TrashImage, type TrashOutcome } from './trash-filling.ts'
import type { OtherJournals } from './trash-others.ts'
import type { TrashPlace } from './trash-place.ts'
import type { TrashShelf } from './trash-shelf.ts'
import { TrashShelves } from './trash-shelves.ts'

export type { TrashOutcome } from './trash-filling.ts'
export { type TrashPlace, trashBelow } from './trash-place.ts'
export { provenInTrash } from './trash-proof.ts'
export { purgeTrash } from './trash-purge.ts'

/** Manifests that are recorded, copied and recorded again together. */
const BATCH = 500

/**
 * Makes a complete copy of each manifest, with all that it contains, in the trash (S18). What the journal says was copied is not copied again.
 * Can be called again after any interruption, with the same journal. Of what is `unrestorable` the manifest is in the journal, if it can be read.
 * @param others asked only where an interrupted call may have made a copy, or another run instead (S45); absent: no other run copies from there
 * @returns for each digest how it ended
 * @throws TRASH_UNUSABLE the source is whole and its copy is not; REGISTRY_*
 */
export async function copyToTrash(
  reach: Reach,
  place: TrashPlace,
  digests: readonly string[],
  others?: OtherJournals,
): Promise<ReadonlyMap<string, TrashOutcome>> {
  const { trashed, copies } = await journalState(reach.journal)
  const shelves = new TrashShelves(reach, place, copies, others)
  const outcomes = new Map<string, TrashOutcome>()
  const left: string[] = []
  for (const digest of new Set(digests)) {
    if (trashed.has(digest)) outcomes.set(digest, 'trashed')
    else left.push(digest)
  }
  for await (const batch of copied(reach, left, BATCH, (digest) => digest)) {
    const shelved = new Map<TrashShelf, TrashImage[]>()
    for (const [digest, copy] of batch.copies) {
      if (typeof copy === 'string') {
        outcomes.set(digest, copy === 'gone' ? 'gone' : 'unrestorable')
        continue
      }
      const family = await familyOf(reach, copy, batch.copies)
      const shelf = await shelves.claim(digest, family.keys())
      const images = shelved.get(shelf) ?? []
      images.push({ digest, family })
      shelved.set(shelf, images)
    }
    for (const [shelf, images] of shelved) {
      const ended = await fillShelf(reach, shelf, images, batch.copies)
      for (const [digest, outcome] of ended) outcomes.set(digest, outcome)
    }
  }
  return outcomes
}
