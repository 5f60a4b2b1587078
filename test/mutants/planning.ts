import type { MutantsByFile } from './mutant.ts'

const KEPT = ['src/report/kept-plans.test.ts']
const READ_BACK = ['src/controllers/policy-plans.test.ts']
const REDACTED = ['src/report/redacted-plan.test.ts']

/** What is read back of a plan that was approved or is shown, and what a plan tells whom (S12, S19, S22). */
export const PLANNING_MUTANTS: MutantsByFile = {
  'src/report/kept-removals.ts': [
    {
      rule: 'S12 what is kept under a digest is what that digest is of',
      find: 'if (lines.digest() !== entry.plan) throw invalidPlan(repository, entry)',
      replace: '',
      tests: KEPT,
    },
  ],
  'src/report/kept-plans.ts': [
    {
      rule: 'S12 a policy that was made anew finds no plan of the one before',
      find: 'if (entry?.plan !== plan || entry.policy !== policy) continue',
      replace: 'if (entry?.plan !== plan) continue',
      tests: KEPT,
    },
  ],
  'src/report/kept-plan-reader.ts': [
    {
      rule: 'S22 what is read back of a plan is what was kept',
      find: 'plan.content === entry.content && plan.head.digest === entry.plan',
      replace: 'true',
      tests: KEPT,
    },
  ],
  'src/controllers/plans-read-back.ts': [
    {
      rule: 'S22 a plan that the status does not speak of any more is not shown',
      find: 'entry?.plan !== policy.status?.plan?.digest ||',
      replace: '',
      tests: READ_BACK,
    },
    {
      rule: 'S22 the plan of a policy that was made anew is not that of the one before',
      find: '|| entry?.policy !== policy.metadata.uid',
      replace: '',
      tests: READ_BACK,
    },
  ],
  'src/report/redacted-plan.ts': [
    {
      rule: 'S19 what stands against a plan names nobody',
      find: "blocks: head.blocks.map((block) => ({ ...block, message: '' })),",
      replace: '',
      tests: REDACTED,
    },
    {
      rule: 'S19 what does not go any more names nobody',
      find: 'changes: head.changes === null ? null : redactedChanges(head.changes),',
      replace: '',
      tests: REDACTED,
    },
  ],
}
