import { hasCode } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import type { Journal } from './journal.ts'
import { type JournalShelf, journaledRuns, journalOf } from './journal-shelf.ts'
import { missingFrom } from './tags.ts'
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

/** Of some copies, by `copyKey`. */
export interface OthersCopies {
  /** That other runs have begun to make in the same place and not purged: theirs, if they are there at all. */
  readonly theirs: ReadonlySet<string>
  /** That a journal which cannot be read may speak of. */
  readonly unknown: ReadonlySet<string>
}

/** Where nobody needs to be asked. */
export const NOBODYS: OthersCopies = { theirs: new Set(), unknown: new Set() }

/** Whose copies are (S45). @throws REGISTRY_* */
export async function copiesOfOthers(
  others: OtherJournals,
  copies: readonly TrashCopy[],
): Promise<OthersCopies> {
  const asked = new Set(copies.map(copyKey))
  const theirs = new Set<string>()
  let isReadable = true
  for await (const journal of others()) {
    const told = await copiesIn(journal)
    if (told === 'unreadable') isReadable = false
    else for (const copy of told) if (asked.has(copyKey(copy))) theirs.add(copyKey(copy))
  }
  return { theirs, unknown: new Set(isReadable ? [] : missingFrom(theirs, asked)) }
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
