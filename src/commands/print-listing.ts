import { ListingProgress } from '#commands/listing-progress.ts'
import type { ProblemNotes } from '#commands/problem-notes.ts'
import { type AskedRegistry, FAILED, type RegistrySession, withRegistry } from '#commands/registry-session.ts'
import { type RowFormat, RowPrinter } from '#commands/row-printer.ts'
import { systemClock } from '#time/clock.ts'

const INCOMPLETE = 3
/** As other commands before `head`. */
const NOBODY_READS = 0

export interface Listing<Row> {
  readonly format: RowFormat<Row>
  readonly notes: ProblemNotes
  /** The rows, counted as they come. */
  rows(session: RegistrySession, progress: ListingProgress): AsyncIterable<Row>
}

/**
 * Prints the rows of a registry as they come, and on stderr what has to be told of them.
 * @returns the exit code: 0 complete, 3 complete but for what is marked, 1 it failed or broke off @throws CANCELLED
 */
export async function printListing<Row>(
  asked: AskedRegistry,
  { format, notes, rows }: Listing<Row>,
): Promise<number> {
  const { terminal, options, place } = asked
  const printer = new RowPrinter<Row>(terminal, format)
  const progress = new ListingProgress(terminal, systemClock, place.host)
  if (options.quiet !== true) progress.start()
  const list = async (session: RegistrySession) => {
    try {
      for await (const row of rows(session, progress)) {
        // Rows on the same terminal show how far it is.
        if (terminal.columns !== undefined) progress.end()
        if (!(await printer.row(row))) return NOBODY_READS
      }
      await printer.end()
    } catch (error) {
      session.signal.throwIfAborted()
      await printer.settle()
      throw error
    } finally {
      if (!session.signal.aborted) for (const line of notes.lines()) terminal.note(line)
    }
    return notes.isComplete ? 0 : INCOMPLETE
  }
  try {
    const code = await withRegistry(asked, list)
    if (code === FAILED && printer.began) {
      terminal.note('tallyman: it broke off: what is printed is not complete.')
    }
    if (code === INCOMPLETE) {
      terminal.note('tallyman: what is printed is complete but for what could not be read.')
    }
    return code
  } finally {
    progress.end()
  }
}
