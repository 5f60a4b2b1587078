import { hasCode } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import { Turns } from '#registry/turns.ts'
import type { Restoration } from './journal.ts'
import { type JournalShelf, journalOf, RESTORATIONS } from './journal-shelf.ts'
import type { WorkspaceJournal } from './workspace-journal.ts'

/** So often what another process has recorded meanwhile is read again. */
const ATTEMPTS = 5

/**
 * What was brought back of a run. It lies beside the journal of the run, because that has one writer, which may be at work: a journal that two write loses
 * what one of them has written. @throws JOURNAL_INVALID, REGISTRY_*
 */
export function restorationsOf(
  { client, prefix }: JournalShelf,
  repository: string,
  run: string,
  call: CallOptions,
): Promise<WorkspaceJournal> {
  // Whoever brings something back writes it, also tallyman restore: that it went back is nothing to stop for.
  return journalOf({ client, prefix }, repository, `${run}${RESTORATIONS}`, call)
}

/** Records what was brought back, one record after the other for each run and repository. One for each process. */
export class RestorationRecords {
  readonly #turns = new Turns()

  /**
   * Another process that records the same run at the same moment is read and continued; in the moment between the last look and the PUT it may be written over. Then something
   * that is back counts as evicted still, and who brings it back finds it there.
   * @param call `beforeSend` is the fence
   * @throws JOURNAL_LOST, JOURNAL_CONFLICT, REGISTRY_*
   */
  add(
    shelf: JournalShelf,
    place: { readonly repository: string; readonly run: string },
    records: readonly Restoration[],
    call: CallOptions,
  ): Promise<void> {
    const { repository, run } = place
    return this.#turns.take(`${shelf.prefix} ${repository} ${run}`, async () => {
      for (let attempt = 1; ; attempt += 1) {
        const journal = await restorationsOf(shelf, repository, run, call)
        try {
          return await journal.append(records)
        } catch (error) {
          if (!hasCode(error, 'JOURNAL_CONFLICT') || attempt === ATTEMPTS) throw error
        }
      }
    })
  }
}
