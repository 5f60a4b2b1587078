import { TallymanError } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import type { Journal } from './journal.ts'
import { type JournalShelf, journaledRuns, journalOf } from './journal-shelf.ts'
import { missingFrom } from './tags.ts'
import { copyKey, isDoubtful, TrashCopies, type TrashCopy } from './trash-copies.ts'
import { isMissing } from './wholeness.ts'

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
  /** That other runs have in the same place, as far as anybody knows: they have seen theirs whole, or begun it after this run, and not purged it. */
  readonly theirs: ReadonlySet<string>
  /** That a journal which cannot be read whole speaks of, or may speak of where this run is not sure of its own. */
  readonly unknown: ReadonlySet<string>
}

/** Where nobody needs to be asked. */
export const NOBODYS: OthersCopies = { theirs: new Set(), unknown: new Set() }

/** Whose copies are (S45). @throws REGISTRY_* */
export async function copiesOfOthers(
  others: OtherJournals,
  copies: readonly TrashCopy[],
): Promise<OthersCopies> {
  const asked = new Map(copies.map((copy) => [copyKey(copy), copy]))
  const theirs = new Set<string>()
  const unknown = new Set<string>()
  for await (const journal of others()) {
    const told = await copiesIn(journal)
    const found = told.isWhole ? theirs : unknown
    for (const copy of told.copies) {
      const own = asked.get(copyKey(copy))
      if (own !== undefined && isTheirs(own, copy)) found.add(copyKey(copy))
    }
    if (!told.isWhole) for (const own of copies) if (isDoubtful(own)) unknown.add(copyKey(own))
  }
  return { theirs, unknown: new Set(missingFrom(theirs, unknown)) }
}

/** Nobody begins a copy where one is listed: when the later of two began, the earlier was not there. Only what was seen whole since may be. */
function isTheirs(own: TrashCopy, other: TrashCopy): boolean {
  return !isDoubtful(other) || other.begunAt >= own.begunAt
}

interface ToldCopies {
  readonly copies: readonly TrashCopy[]
  /** false: there may be more. */
  readonly isWhole: boolean
}

async function copiesIn(journal: Pick<Journal, 'read'>): Promise<ToldCopies> {
  const copies = new TrashCopies()
  try {
    for await (const record of journal.read()) if ('repository' in record) copies.take(record)
  } catch (error) {
    if (isUnreadable(error)) return { copies: copies.all(), isWhole: false }
    throw error
  }
  return { copies: copies.all(), isWhole: true }
}

/** Something else is there than a whole journal. Any other error says nothing about it. */
function isUnreadable(error: unknown): boolean {
  if (!(error instanceof TallymanError)) return false
  return isMissing(error) || error.code === 'REGISTRY_MEDIA_TYPE'
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
    if (!isUnreadable(error)) throw error
    return {
      read: () => {
        throw error
      },
    }
  }
}
