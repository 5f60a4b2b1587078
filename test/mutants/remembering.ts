import type { MutantsByFile } from './mutant.ts'

const BINDINGS = ['src/retention/registry-memory.test.ts']
const RECORDS = ['src/retention/policy-record.test.ts']
const KEPT = ['src/scan/kept-record.test.ts']
const KNOWN = ['src/scan/known-manifests.test.ts']

/** What a policy remembers between its plans (S02, S10, S12, S14). */
export const REMEMBERING_MUTANTS: MutantsByFile = {
  'src/retention/registry-memory.ts': [
    {
      rule: 'S10 what the policy took away and is there again is young',
      find: ' || wentSince(again, repository.name, tag, since)',
      replace: '',
      tests: ['src/retention/registry-memory.test.ts'],
    },
    {
      rule: 'S02 a clock that was put back makes nothing look older',
      find: 'Math.max(facts.readAt, known?.at ?? facts.readAt)',
      replace: 'facts.readAt',
      tests: BINDINGS,
    },
    {
      rule: 'S10 a tag that was moved is bound anew',
      find: 'since: isBound ? remembered.since[place] : undefined',
      replace: 'since: isKnown ? remembered.since[place] : undefined',
      tests: BINDINGS,
    },
    {
      rule: 'S10 a tag that was gone is bound anew',
      find: 'if (incomplete === undefined) continue',
      replace: '',
      tests: BINDINGS,
    },
    {
      rule: 'S10 what is remembered of another registry is not meant',
      find: 'const known = isOf(before, registry) ? before : undefined',
      replace: 'const known = before',
      tests: BINDINGS,
    },
  ],
  'src/retention/policy-record.ts': [
    {
      rule: 'S04 a hold outlives its policy',
      find: 'return run === undefined ? record :',
      replace: 'return run === undefined ? { ...record, hold: undefined } :',
      tests: RECORDS,
    },
    {
      rule: 'S12 approvals do not age by the clock',
      find: 'newest - usedAt <= APPROVALS_KEPT_MS',
      replace: 'now - usedAt <= APPROVALS_KEPT_MS',
      tests: RECORDS,
    },
    {
      rule: 'S12 approvals of both records count',
      find: 'distinct([...a.approvals, ...b.approvals], ({ plan }) => plan)',
      replace: 'a.approvals',
      tests: RECORDS,
    },
  ],
  'src/scan/kept-record.ts': [
    {
      rule: 'S12 a lost record is no empty one',
      find: "if (await isListed(place, call)) throw invalid('is listed, and gone', error)",
      replace: '',
      tests: KEPT,
    },
    {
      rule: 'S34 nor is one that this process has read or written',
      find: 'if (before !== undefined) throw invalid',
      replace: "if (before === '') throw invalid",
      tests: KEPT,
    },
    {
      rule: 'S34 what was read is known',
      find: 'place.known.saw(place, found.digest)',
      replace: '',
      tests: KEPT,
    },
    {
      rule: 'S34 what was written is known',
      find: 'place.known.saw(place, await putArtifact(place, RECORD_TYPE, layers, {}, call, isNext))',
      replace: 'await putArtifact(place, RECORD_TYPE, layers, {}, call, isNext)',
      tests: KEPT,
    },
    {
      rule: 'S32 a record is written on what was read or written last',
      find: '    await assertUnchanged(place, call)\n',
      replace: '',
      tests: KEPT,
    },
    {
      rule: 'S21 a run ends with its policy',
      find: 'owner === policy ? whole : inherited(whole)',
      replace: 'whole',
      tests: KEPT,
    },
  ],
  'src/scan/manifest-reader.ts': [
    {
      rule: 'S13 an image whose config could not be read is read again',
      find: "known?.kind !== 'image' || known.config === undefined || known.created !== undefined",
      replace: 'true',
      tests: KNOWN,
    },
  ],
  'src/controllers/policy-memory.ts': [
    {
      rule: 'S10 what could not be read is not written over',
      find: 'if (known.files.size > 0) return',
      replace: '',
    },
    {
      rule: 'S34 a record that was seen in an earlier term is missed',
      find: '    this.#known.clear()\n',
      replace: '    this.#known.clear()\n    this.#records = new KnownRecords()\n',
    },
    {
      rule: 'S32 nothing goes by a record that was found to be another one',
      find: "known.isForeign ||= hasCode(error, 'RECORD_CONFLICT')",
      replace: '',
    },
    {
      rule: 'S12 what could not be read is joined with what is recorded',
      find: 'isNews ? joined(record, known.record) : record',
      replace: 'record',
    },
  ],
}
