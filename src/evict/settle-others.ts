import { hasCode, type TallymanError } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import { assertNothingHalfDone } from './half-done.ts'
import type { Hands } from './hands.ts'
import { journalRepository } from './journal-artifact.ts'
import { type JournalShelf, RESTORATIONS, restoredRuns } from './journal-shelf.ts'
import { settle } from './settle.ts'
import { unfinishedRuns } from './workspace-journal.ts'

/** A run that is about to work on a repository. */
export interface Newcomer {
  readonly shelf: JournalShelf
  readonly repository: string
  readonly run: string
  /** For the repository, with the journal of a run. */
  readonly hands: (run: string) => Promise<Hands>
}

/**
 * Finishes what other runs have begun in the repository. What one whose journal is lost has begun can be seen only by what it has left: that is looked for once, for all of them.
 * @returns which journals are lost, although nothing is left half done
 * @throws JOURNAL_LOST something is half done, or what was brought back and has to stay is not known (S12); DELETE_UNSETTLED, DELETE_TOOK_TAG, REGISTRY_*
 */
export async function settleOthers(newcomer: Newcomer, call: CallOptions): Promise<readonly TallymanError[]> {
  const { shelf, repository, hands } = newcomer
  const workspaceRepository = journalRepository(shelf.prefix, repository)
  const unfinished = await unfinishedRuns({ client: shelf.client, workspaceRepository, repository }, call)
  const lost: TallymanError[] = []
  for (const run of unfinished) {
    if (run === newcomer.run) continue
    try {
      await settle(await hands(run))
    } catch (error) {
      if (!hasCode(error, 'JOURNAL_LOST') || (await tellsReturns(newcomer, run, call))) throw error
      lost.push(error)
    }
  }
  const [first] = lost
  if (first !== undefined) await assertNothingHalfDone(await hands(newcomer.run), first)
  return lost
}

/** Whether this would say what was brought back of a run. Where the journal of the run is gone it would say nothing any more: a DELETE of both was cut off. */
async function tellsReturns(
  { shelf, repository }: Newcomer,
  tag: string,
  call: CallOptions,
): Promise<boolean> {
  if (!tag.endsWith(RESTORATIONS)) return false
  const runs = await restoredRuns(shelf, repository, call)
  return runs.some(({ run, hasJournal }) => hasJournal && tag === `${run}${RESTORATIONS}`)
}
