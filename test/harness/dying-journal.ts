import { TallymanError } from '#catalogue/error.ts'
import type { Journal, JournalRecord } from '#evict/journal.ts'

/** Keeps what it is told in `journal`, until it is told of something of this kind: then the process is dead. */
export function dyingJournal(journal: Journal, kind: JournalRecord['kind']): Journal {
  return {
    read: () => journal.read(),
    catchUp: () => journal.catchUp(),
    withSignal: (signal) => dyingJournal(journal.withSignal(signal), kind),
    append: async (records) => {
      if (records.some((record) => record.kind === kind)) throw new TallymanError('CANCELLED', 'killed')
      await journal.append(records)
    },
  }
}
