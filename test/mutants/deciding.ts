import type { MutantsByFile } from './mutant.ts'

const DECISION = ['src/controllers/policy-decision.test.ts']
const RUN = ['src/controllers/policy-run.test.ts']
const RETURNS = ['src/controllers/policy-returns.test.ts']
const WINDOW = ['src/controllers/policy-window.test.ts']

/** Whether a policy carries something out, and for how long that holds. */
export const DECIDING_MUTANTS: MutantsByFile = {
  'src/controllers/policy-decision.ts': [
    {
      rule: 'S12 an approval is not used up where what it is about could not be read in full',
      find: 'isEmpty(judgement) ? partNotRead(approved, input.judgement) : undefined',
      replace: 'undefined',
    },
    {
      rule: 'a policy that only plans',
      find: "if (spec.mode === 'DryRun') return { kind: 'wait', approval: undefined }",
      replace: '',
      tests: DECISION,
    },
    {
      rule: 'S12 an approval is used once',
      find: 'if (usedBy !== undefined) {',
      replace: 'if (usedBy === plan) {',
      tests: DECISION,
    },
    {
      rule: 'S12 an approval is valid for a time',
      find: 'if (now - approved.readAt > validFor) {',
      replace: 'if (now < approved.readAt) {',
      tests: DECISION,
    },
    {
      rule: 'S12 an approval takes only what was approved and still goes',
      find: 'const judgement = yield* intersectInSteps(approved, input.judgement)',
      replace: 'const { judgement } = input',
      tests: RUN.concat(DECISION),
    },
    {
      rule: 'S11 nobody approves what must not be accepted',
      find: 'if (hard.length > 0)',
      replace: 'if (hard.length > 99)',
      tests: DECISION,
    },
    {
      rule: 'S04 a policy that is held takes no approval',
      find: "if (held !== undefined) return state('Blocked', held)",
      replace: '',
      tests: DECISION,
    },
    {
      rule: 'S10 what stands against a plan stops Enforce',
      find: "spec.mode === 'Enforce' && input.blocks.length === 0 && input.held === undefined",
      replace: "spec.mode === 'Enforce'",
      tests: DECISION,
    },
  ],
  'src/controllers/policy-run.ts': [
    {
      rule: 'S21 the run of a policy that is gone does not go on with another one',
      find: 'run.mark === MADE_ANEW',
      replace: 'false',
      tests: RUN,
    },
    {
      rule: 'S12 a run uses its approval',
      find: "if (run.cause !== 'Approved') return { ...over, run }",
      replace: 'return { ...over, run }',
      tests: RUN,
    },
    {
      rule: 'S12 an approval that was used stays so',
      find: "if (run.cause !== 'Approved') return { ...over, run }",
      replace: "if (run.cause !== 'Approved') return { ...over, run, approvals: [] }",
      tests: RUN,
    },
    {
      rule: 'S36 tags of a repository that was not read in full wait for that',
      find: 'if (place?.repository.incomplete !== undefined) unknown',
      replace: 'if (place === undefined) unknown',
      tests: RUN,
    },
    {
      rule: 'S31 a resumed run leaves what was pushed since',
      find: 'else if (!stays(place.at, digest)) old',
      replace: 'else old',
      tests: RUN,
    },
    {
      rule: 'S31 nor in a repository that is not listed',
      find: 'if (!isKnown) unknown.set(repository, (unknown.get(repository) ?? 0) + 1)',
      replace:
        'if (place === undefined) old.get(repository)?.push(digest)\n    else if (!isKnown) unknown.set(repository, 1)',
      tests: RUN,
    },
    {
      rule: 'S31 a resumed run sweeps nothing where not all is known',
      find: 'place.repository.incomplete === undefined',
      replace: 'true',
      tests: RUN,
    },
    {
      rule: 'S32 a run is for one registry',
      find: 'if (!isDeepStrictEqual(run.registry, registry))',
      replace: 'if (false)',
      tests: RUN,
    },
    {
      rule: 'S32 a run goes on by the same rules',
      find: 'return run.mark === mark ?',
      replace: 'return run.mark !== undefined ?',
      tests: RUN,
    },
    {
      rule: 'S32 a record that was lost',
      find: 'if (shown === undefined || [run, ...runs].some((each) => each?.id === shown.id)) return undefined',
      replace: 'if (shown === undefined || run !== undefined || runs.length > 0) return undefined',
      tests: RUN,
    },
    {
      rule: 'S32 a run that has been over for long need not be known',
      find: 'now - Date.parse(shown.finishedAt) > retainForMs',
      replace: 'true',
      tests: RUN,
    },
    {
      rule: 'S32 by an older record no run goes on, nor is given up',
      find: 'isRecordRead || run?.id === shown?.id ? run : undefined',
      replace: 'run',
      tests: RUN,
    },
  ],
  'src/controllers/policy-records.ts': [
    {
      rule: 'S32 nothing is written over a record that was lost',
      find: 'recordProblem ?? recordLoss(policy, record, this.#clock.now())',
      replace: 'recordProblem',
      tests: RETURNS,
    },
  ],
  'src/controllers/policy-returns.ts': [
    {
      rule: 'S04 what cannot be recorded is told all the same',
      find: 'void this.#tell(policy, returns, term)',
      replace: 'void this.#record(policy, term).then(() => this.#tell(policy, returns, term))',
      tests: RETURNS,
    },
  ],
  'src/controllers/policy-holds.ts': [
    {
      rule: 'S04 a hold that only the status tells of holds the next leader',
      find: 'const told = toldHold(policy)',
      replace: 'const told = toldHold({ ...policy, status: undefined })',
      tests: ['src/controllers/policy-holds.test.ts'],
    },
  ],
  'src/controllers/policy-window.ts': [
    {
      rule: 'S10 the window of a policy',
      find: 'if (start === undefined || start > now)',
      replace: 'if (start === undefined)',
      tests: WINDOW,
    },
  ],
}
