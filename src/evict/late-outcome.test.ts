import { expect, test } from 'vitest'
import type { Ended } from './eviction.ts'
import { type Intent, type IntentOutcome, type JournalRecord, MemoryJournal } from './journal.ts'
import { journalState } from './journal-state.ts'
import { recordLate } from './late-outcome.ts'

const bindings = [{ tag: 'a', digest: 'sha256:2' }]
const sweep: Intent = {
  kind: 'intent',
  id: 'sweep',
  at: 1,
  step: {
    action: 'sweep',
    digests: ['sha256:1', 'sha256:2'],
    bindings,
    tags: { whole: true, came: ['a'], went: [] },
  },
}
const swept = (digest: string): Ended => ({ digest, outcome: 'swept' })
const outcome = (at: number, ...ended: readonly Ended[]): IntentOutcome => ({
  kind: 'outcome',
  intent: sweep.id,
  at,
  ended,
})

/** What a late outcome adds to a journal. */
async function added(before: readonly JournalRecord[], intent: Intent, late: IntentOutcome) {
  const journal = new MemoryJournal()
  await journal.append(before)
  await recordLate(journal, intent, late)
  const records: JournalRecord[] = []
  for await (const record of journal.read()) records.push(record)
  const { open } = await journalState(journal)
  return { records: records.slice(before.length), open }
}

test('an intent that is open gets its end', async () => {
  const late = outcome(3, swept('sha256:1'), { digest: 'sha256:2', outcome: 'named' })
  expect(await added([sweep], sweep, late)).toEqual({ records: [late], open: [] })
})

test('S41: one that has an end is not ended again: what went since has an intent of its own, without the tags that there were', async () => {
  const late = outcome(3, swept('sha256:1'), swept('sha256:2'), {
    ...bindings[0],
    digest: 'sha256:2',
    outcome: 'untagged',
  })
  const { records, open } = await added([sweep, outcome(2, swept('sha256:1'))], sweep, late)
  const id = expect.any(String)
  expect(records).toEqual([
    { kind: 'intent', id, at: 3, step: { action: 'sweep', digests: ['sha256:2'], bindings } },
    { kind: 'outcome', intent: id, at: 3, ended: late.ended.slice(1) },
  ])
  expect(open).toEqual([])
})

test('what is recorded as gone, or as back since then, is not recorded as gone later', async () => {
  const back: JournalRecord = { kind: 'restored', at: 2, digest: 'sha256:2' }
  const late = outcome(3, swept('sha256:1'), swept('sha256:2'), { digest: 'sha256:3', outcome: 'spared' })
  expect(await added([sweep, outcome(2, swept('sha256:1')), back], sweep, late)).toEqual({
    records: [],
    open: [],
  })
})

test('tags that went by themselves are recorded as such', async () => {
  const untag: Intent = { ...sweep, step: { action: 'overwrite', bindings, nonce: 'n' } }
  const late = outcome(3, { tag: 'a', digest: 'sha256:2', outcome: 'untagged' })
  const { records } = await added([untag, outcome(2)], untag, late)
  expect(records).toMatchObject([
    { step: { action: 'untag', bindings } },
    { ended: [{ tag: 'a', digest: 'sha256:2', outcome: 'untagged' }] },
  ])
})
