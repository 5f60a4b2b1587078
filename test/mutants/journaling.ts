import type { MutantsByFile } from './mutant.ts'

const JOURNAL = ['src/evict/workspace-journal.test.ts']
const LOST = ['src/evict/lost-journal.test.ts']
const PURGER = ['src/evict/run-purger.test.ts']

/** What keeps a journal from being begun anew, written over or taken for an empty one (S34). */
export const JOURNALING_MUTANTS: MutantsByFile = {
  'src/evict/journal-look.ts': [
    {
      rule: 'S34 a journal is absent only where the list of tags says so too',
      find: 'if (!(await isListed(place, call))) return undefined',
      replace: 'return undefined',
      tests: JOURNAL,
    },
    {
      rule: 'S34 a journal that was there before is missed',
      find: 'if (missing === undefined) {',
      replace: "if (missing !== '') {",
      tests: JOURNAL,
    },
  ],
  'src/evict/intents.ts': [
    {
      rule: 'S41 what went is recorded also where another process has ended it',
      find: 'await recordLate(hands.journal, intent, outcome)',
      replace: '',
      tests: ['src/evict/settle.test.ts'],
    },
  ],
  'src/evict/late-outcome.ts': [
    {
      rule: 'S41 an intent is ended once: what is begun next is seen to be open',
      find: 'if (isOpen) return',
      replace: 'if (isOpen || ended.length > 0) return',
      tests: ['src/evict/late-outcome.test.ts'],
    },
    {
      rule: 'S41 what is back since then is not recorded as gone',
      find: "if (record.kind === 'restored') known.add(keyOf(record))",
      replace: '',
      tests: ['src/evict/late-outcome.test.ts'],
    },
  ],
  'src/evict/workspace-journal.ts': [
    {
      rule: 'S43 work that a stop does not end writes no journal without the Lease',
      find: '{ ...this.#call, signal }',
      replace: '{ signal }',
      tests: ['src/evict/workspace-journal.test.ts'],
    },
    {
      rule: 'S41 another journal is not continued',
      find: 'this.#chunks.some((chunk, at) => chunks[at]?.digest !== chunk.digest)',
      replace: 'this.#chunks.length < 0',
      tests: ['src/evict/workspace-journal.test.ts'],
    },
    {
      rule: 'S34 a journal is written on what was read or written last',
      find: 'await this.#assertUnchanged(call)',
      replace: '',
      tests: JOURNAL,
    },
    {
      rule: 'S34 a journal that is lost is not begun anew',
      find: 'if (this.lost !== undefined) throw this.lost\n    await this.#write(records, call)',
      replace: 'await this.#write(records, call)',
      tests: JOURNAL,
    },
    {
      rule: 'S34 a journal that is lost is not read as an empty one',
      find: 'if (this.lost !== undefined) throw this.lost\n    const { workspaceRepository } = this.#place\n    let',
      replace: 'const { workspaceRepository } = this.#place\n    let',
      tests: JOURNAL,
    },
    {
      rule: 'S34 one of which a part is gone is lost',
      find: 'if (!isMissing(error)) throw error',
      replace: 'throw error',
      tests: LOST,
    },
    {
      rule: 'S34 which is told',
      find: '}\n    if (lost !== undefined) throw lost',
      replace: '}',
      tests: LOST,
    },
    {
      rule: 'S34 and what is behind that part is read',
      find: 'lost ??= text\n        continue',
      replace: 'throw text',
      tests: LOST,
    },
    {
      rule: 'S34 nothing begins that has no room for its end',
      find: 'opened > 0 ? MAX_CHUNKS - KEPT_FOR_ENDS : MAX_CHUNKS',
      replace: 'MAX_CHUNKS',
      tests: JOURNAL,
    },
    {
      rule: 'S34 a run whose journal is lost counts as unfinished',
      find: "return 'lost'",
      replace: '',
      tests: LOST,
    },
  ],
  'src/evict/known-journals.ts': [
    {
      rule: 'S34 a journal that was set back is an older state of itself',
      find: 'known === undefined || chunks[known.chunks - 1]?.digest === known.last',
      replace: 'known === undefined || chunks.length > 0',
      tests: JOURNAL,
    },
  ],
  'src/evict/half-done.ts': [
    {
      rule: 'S34 what a run whose journal is lost has left half done blocks its repository',
      find: 'if (half.length === 0) return',
      replace: 'if (half.length >= 0) return',
      tests: LOST,
    },
    {
      rule: 'S34 a tag that names nothing is half done',
      find: "if (hasCode(error, 'REGISTRY_ABSENT')) return true",
      replace: "if (hasCode(error, 'REGISTRY_ABSENT')) return false",
      tests: LOST,
    },
  ],
  'src/evict/settle-others.ts': [
    {
      rule: 'S34 what a run whose journal is lost has left half done is looked for',
      find: 'if (first !== undefined) await assertNothingHalfDone(await hands(newcomer.run), first)',
      replace: '',
      tests: LOST,
    },
    {
      rule: 'S12 nothing goes where it is lost what was brought back',
      find: ' || (await tellsReturns(newcomer, run, call))',
      replace: '',
      tests: LOST,
    },
  ],
  'src/evict/evicted.ts': [
    {
      rule: 'S12 a record of what was brought back that is lost is told to whoever plans',
      find: 'if (hasJournal) lost ??= besideLost',
      replace: '',
      tests: LOST,
    },
  ],
  'src/controllers/policy-undo.ts': [
    {
      rule: 'S04 a hold that could not be recorded is recorded by the next plan',
      find: 'return await change((now) => withHold(now, standing))',
      replace: 'return record',
      tests: ['src/controllers/policy-undo.test.ts'],
    },
    {
      rule: 'S12 so it is with the first plan of a term, and with each later one',
      find: '{ ...withReturned(known, returned), unknownReturns }',
      replace: 'withReturned(known, returned)',
      tests: ['src/controllers/policy-restore-run.test.ts'],
    },
  ],
  'src/evict/journal-removal.ts': [
    {
      rule: 'S34 what this process has seen of a journal is not taken for gone',
      find: "if (shelf.known?.missing(placeKey(at), []) !== undefined) return { kind: 'needed' }",
      replace: '',
      tests: LOST,
    },
    {
      rule: 'S34 a tag that names nothing at one look stays',
      find: "if (doomed.nameless !== tag) return { kind: 'nameless', tag }",
      replace: '',
      tests: LOST,
    },
    {
      rule: 'S34 a journal that can be read again is not buried',
      find: "if (journal.lost === undefined) return { kind: 'needed' }",
      replace: '',
      tests: LOST,
    },
  ],
  'src/evict/run-purger.ts': [
    {
      rule: 'S34 two looks at a tag that names nothing are an hour apart',
      find: "else if (removal.kind === 'nameless') this.#needed(hands, purge, removal.tag)",
      replace: "else if (removal.kind === 'nameless') this.#nameless.set(key, removal.tag)",
      tests: PURGER,
    },
  ],
  'src/controllers/known-history.ts': [
    {
      rule: 'S34 what was known by a journal that is lost is watched on',
      find: '.with(new EvictedThings(seen))',
      replace: '',
      tests: ['src/controllers/known-history.test.ts'],
    },
    {
      rule: 'S12 that returns are unknown is not forgotten when a run is read again',
      find: '...others,\n',
      replace: '\n',
      tests: ['src/controllers/known-history.test.ts'],
    },
  ],
}
