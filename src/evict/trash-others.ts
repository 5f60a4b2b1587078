import { hasCode } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import type { Journal } from './journal.ts'
import { type JournalShelf, journaledRuns, journalOf } from './journal-shelf.ts'
import { copyKey, TrashCopies, type TrashCopy } from './trash-copies.ts'

/** The journals of all other runs about a source, read anew at each call. */
export type OtherJournals = () => AsyncIterable<Pick<Journal, 'read'>>

/** @param run whose journal is left out */
export function otherJournals(
  shelf: JournalShelf,
  { repository, run }: { readonly repository: string; readonly run: string },
  call: CallOptions,
): OtherJournals {
  return async function* () {
    for (const other of await journaledRuns(shelf, repository, call)) {
      if (other !== run) yield await opened(shelf, repository, other, call)
    }
  }
}

/**
 * Those of some copies that other runs have begun to make in the same place and not purged: theirs, if they are there at all (S45). What cannot be read may speak of any.
 * @returns their keys @throws REGISTRY_*
 */
export async function copiesOfOthers(
  others: OtherJournals,
  copies: readonly TrashCopy[],
): Promise<ReadonlySet<string>> {
  const asked = new Set(copies.map(copyKey))
  const found = new Set<string>()
  for await (const journal of others()) {
    const theirs = await copiesIn(journal)
    if (theirs === 'unreadable') return asked
    for (const copy of theirs) if (asked.has(copyKey(copy))) found.add(copyKey(copy))
  }
  return found
}

async function copiesIn(journal: Pick<Journal, 'read'>): Promise<readonly TrashCopy[] | 'unreadable'> {
  const copies = new TrashCopies()
  try {
    for await (const record of journal.read()) if ('repository' in record) copies.take(record)
  } catch (error) {
    if (hasCode(error, 'JOURNAL_LOST', 'JOURNAL_INVALID')) return 'unreadable'
    throw error
  }
  return copies.all()
}

/** What is no journal fails when it is read, as one does that is lost. */
async function opened(
  shelf: JournalShelf,
  repository: string,
  run: string,
  call: CallOptions,
): Promise<Pick<Journal, 'read'>> {
  try {
    return await journalOf(shelf, repository, run, call)
  } catch (error) {
    if (!hasCode(error, 'JOURNAL_INVALID')) throw error
    return {
      read: () => {
        throw error
      },
    }
  }
}
