import type { CallOptions } from '#registry/client.ts'
import { Turns } from '#registry/turns.ts'
import type { Restoration } from './journal.ts'
import { type JournalShelf, journalOf, RESTORATIONS } from './journal-shelf.ts'
import type { WorkspaceJournal } from './workspace-journal.ts'

/**
 * What was brought back of a run. It lies beside the journal of the run, because that has one writer, which may be at work: a journal that two write loses
 * what one of them has written. @throws JOURNAL_INVALID, REGISTRY_*
 */
export function restorationsOf(
  shelf: JournalShelf,
  repository: string,
  run: string,
  call: CallOptions,
): Promise<WorkspaceJournal> {
  return journalOf(shelf, repository, `${run}${RESTORATIONS}`, call)
}

/** Records what was brought back, one record after the other for each run and repository. One for each process. */
export class RestorationRecords {
  readonly #turns = new Turns()

  /**
   * Another process that records the same run at the same moment may be overwritten. Then something that is back counts as evicted still, and who brings it back
   * finds it there.
   * @param call `beforeSend` is the fence
   */
  add(
    shelf: JournalShelf,
    place: { readonly repository: string; readonly run: string },
    records: readonly Restoration[],
    call: CallOptions,
  ): Promise<void> {
    const { repository, run } = place
    return this.#turns.take(`${shelf.prefix} ${repository} ${run}`, async () => {
      const journal = await restorationsOf(shelf, repository, run, call)
      await journal.append(records)
    })
  }
}
