import { historyOfRun, type ListedHistory, type RunHistory, stillEvicted } from './evicted.ts'
import { calls, type Hands } from './hands.ts'
import { type DoomedJournal, type JournalRemoval, removeJournal } from './journal-removal.ts'
import { journalState } from './journal-state.ts'
import { otherJournals } from './trash-others.ts'
import { liesInTrash, trashBelow } from './trash-place.ts'
import { purgeTrash } from './trash-purge.ts'

/** A run that is over, of which nothing is kept any more. Times are ms since the epoch. */
export interface RunPurge extends Omit<DoomedJournal, 'things' | 'history'> {
  /** Copies that were made before then go. */
  readonly before: number
  /** An entry of spec.restore names the run: what it speaks of is known by the journal. */
  readonly isAsked: boolean
  /** Told, before anything goes, of all that the run did in the repository: from then on `stillDoomed` of the hands spares what of that is needed, or asked for and not back. */
  readonly learn: (repository: string, history: ListedHistory) => void | Promise<void>
}

const NEEDED: JournalRemoval = { kind: 'needed' }

/**
 * Purges the copies in the trash that a run has made of the repository of the hands. What a run has begun and not recorded the end of keeps all of them. What it is not known of whether it was brought back
 * counts as gone still.
 * @returns what the run did there, as far as its journal is there to tell; undefined: that is needed still, by what was begun, or by a copy that stays
 * @throws what stopped it
 */
export async function purgeCopies(hands: Hands, purge: RunPurge): Promise<RunHistory | undefined> {
  const { repository } = hands
  const { shelf, run, before, learn } = purge
  const history = await historyOfRun(shelf, repository, run, calls(hands).read)
  // By a tag that names nothing no copy is found, and nothing comes back.
  if (history.journal === 'lost') return history
  if (history.unsettled.some(({ isLost }) => isLost !== true)) return undefined
  await learn(repository, history)
  const place = trashBelow(shelf.prefix)
  await purgeTrash(hands, place, before, otherJournals(shelf, { repository, run }, calls(hands).read))
  const { copies } = await journalState(hands.journal)
  return copies.some((copy) => liesInTrash(place, copy.repository)) ? undefined : history
}

/**
 * Purges the copies of a run, and then its journal, once nothing of it is needed (S19): no copy is left, nothing that it took is in use or asked for, and nothing that
 * was brought back has to stay for that reason.
 * In this order whoever is stopped finds by the journal, or by that it is gone, what is left to do.
 * @returns what became of the journal: `needed` has to be purged again later
 * @throws what stopped it
 */
export async function purgeRun(hands: Hands, purge: RunPurge): Promise<JournalRemoval> {
  const { repository } = hands
  const { isAsked, pinnedSince } = purge
  const history = await purgeCopies(hands, purge)
  if (history === undefined) return NEEDED
  if (isAsked || history.returned.some(({ at }) => at > pinnedSince)) return NEEDED
  const things = stillEvicted(history).map(({ digest }) => ({ repository, digest }))
  await hands.guard(hands.signal)
  if (!things.every(hands.stillDoomed)) return NEEDED
  return await removeJournal(hands, { ...purge, things, history: history.journal })
}
