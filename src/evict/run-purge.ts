import { historyOfRun, stillEvicted } from './evicted.ts'
import { calls, type Hands } from './hands.ts'
import { type DoomedJournal, type JournalRemoval, removeJournal } from './journal-removal.ts'
import { journalState } from './journal-state.ts'
import { liesInTrash, trashBelow } from './trash-place.ts'
import { purgeTrash } from './trash-purge.ts'

/** A run that is over, of which nothing is kept any more. Times are ms since the epoch. */
export interface RunPurge extends Omit<DoomedJournal, 'things'> {
  /** Copies that were made before then go. */
  readonly before: number
  /** What was brought back after then stays, and its record with it (S12). */
  readonly pinnedSince: number
  /** Somebody asks for all that the run took: its journal says what that is. */
  readonly isAsked: boolean
}

const NEEDED: JournalRemoval = { kind: 'needed' }

/**
 * Purges the copies in the trash that a run has made of the repository of the hands, and then its journal, once nothing of it is needed (S19): no copy is left, nothing
 * that it took is in use, and nothing that was brought back has to stay for that reason. What a run has begun and not recorded the end of keeps all of it.
 * In this order whoever is stopped finds by the journal, or by that it is gone, what is left to do.
 * @returns what became of the journal: `needed` has to be purged again later
 * @throws what stopped it
 */
export async function purgeRun(hands: Hands, purge: RunPurge): Promise<JournalRemoval> {
  const { repository } = hands
  const { shelf, run, before, pinnedSince, isAsked } = purge
  const history = await historyOfRun(shelf, repository, run, calls(hands).read)
  if (history.unsettled.length > 0) return NEEDED
  const place = trashBelow(shelf.prefix)
  await purgeTrash(hands, place, before)
  const { copies } = await journalState(hands.journal)
  if (copies.some((copy) => liesInTrash(place, copy.repository))) return NEEDED
  if (isAsked || history.returned.some(({ at }) => at > pinnedSince)) return NEEDED
  const things = stillEvicted(history).map(({ digest }) => ({ repository, digest }))
  await hands.guard(hands.signal)
  if (!things.every(hands.stillDoomed)) return NEEDED
  return await removeJournal(hands, { ...purge, things })
}
