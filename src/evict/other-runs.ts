import { hasCode } from '#catalogue/error.ts'
import type { CallOptions } from '#registry/client.ts'
import type { Journal, JournalRecord } from './journal.ts'
import type { JournalShelf } from './journal-shelf.ts'
import { JournalView } from './journal-view.ts'
import { otherJournals } from './trash-others.ts'

/**
 * What all runs know of some manifests of a repository and of what is below them: a tag may have gone before its manifest, and an index before what it contains, by runs of which only the
 * later one has saved or copied that. A journal that cannot be read says nothing.
 * @throws REGISTRY_*
 */
export async function viewOfRuns(
  shelf: JournalShelf,
  repository: string,
  digests: ReadonlySet<string>,
  call: CallOptions,
): Promise<JournalView> {
  const journals = otherJournals(shelf, { repository, run: '' }, call)
  const read = async function* () {
    for await (const journal of journals()) yield* readable(journal)
  }
  const saved = async function* () {
    for await (const record of read()) if (record.kind === 'manifest') yield record
  }
  const view = await JournalView.of({ read: saved }, digests)
  const wanted = new Set([...digests].flatMap((digest) => [digest, ...view.below(digest)]))
  // Copies that one run has purged may be those that another one speaks of, and what comes out of them is held against its digest.
  for await (const record of read()) await view.append(copiesOf(record, wanted))
  return view
}

function copiesOf(record: JournalRecord, wanted: ReadonlySet<string>): JournalRecord[] {
  if (record.kind === 'trashing') {
    const manifests = record.manifests.filter(({ digest }) => wanted.has(digest))
    return manifests.length === 0 ? [] : [{ ...record, manifests }]
  }
  if (record.kind !== 'trashed') return []
  const digests = record.digests.filter((digest) => wanted.has(digest))
  return digests.length === 0 ? [] : [{ ...record, digests }]
}

async function* readable(journal: Pick<Journal, 'read'>): AsyncGenerator<JournalRecord, void, void> {
  try {
    yield* journal.read()
  } catch (error) {
    if (!hasCode(error, 'JOURNAL_LOST', 'JOURNAL_INVALID')) throw error
  }
}

/** All of them are asked again after so long: there may be many. */
const ASKED_AGAIN_MS = 5 * 60_000

/** What no run of a repository can bring back, and when that was found. */
export class InVain {
  readonly #at = new Map<string, number>()

  /** @param now ms since the epoch */
  add(key: string, now: number): void {
    for (const [each, at] of this.#at) if (now - at >= ASKED_AGAIN_MS) this.#at.delete(each)
    this.#at.set(key, now)
  }

  has(key: string, now: number): boolean {
    const at = this.#at.get(key)
    return at !== undefined && now - at < ASKED_AGAIN_MS
  }
}
