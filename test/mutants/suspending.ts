import type { MutantsByFile } from './mutant.ts'

const WANTED = ['src/controllers/policy-wanted.test.ts']
const RUNS = ['src/controllers/policy-runs.test.ts']
const CARRIER = ['src/controllers/policy-carrier.test.ts']
const SETTLE = ['src/evict/settle.test.ts']

/** What keeps a policy from deleting although it could when its run began (S04, S21), and what is done meanwhile (S17). */
export const SUSPENDING_MUTANTS: MutantsByFile = {
  'src/controllers/policy-wanted.ts': [
    {
      rule: 'S21 a policy that is gone',
      find: 'policy === undefined || policy.metadata.deletionTimestamp !== undefined',
      replace: 'policy === undefined',
      tests: WANTED,
    },
    {
      rule: 'S21 another policy of that name',
      find: 'policy.metadata.uid !== then.policy.metadata.uid',
      replace: 'false',
      tests: WANTED,
    },
    { rule: 'S21 suspend', find: "writtenIn(policy, 'suspend') === true", replace: 'false', tests: WANTED },
    { rule: 'S21 DryRun', find: "writtenIn(policy, 'mode') === 'DryRun'", replace: 'false', tests: WANTED },
    { rule: 'S04 a hold', find: 'now.held ?? registryChange', replace: 'registryChange', tests: WANTED },
    {
      rule: 'S01 another Registry of that name',
      find: 'now?.metadata.uid === metadata.uid && ',
      replace: '',
      tests: WANTED,
    },
    {
      rule: 'S01 a Registry that was changed',
      find: ' && now?.metadata.generation === metadata.generation',
      replace: '',
      tests: WANTED,
    },
  ],
  'src/controllers/policy-runs.ts': [
    {
      rule: 'S31 what is not known yet is left for later',
      find: '    end = withPostponed(end, postponed)\n',
      replace: '',
    },
    {
      rule: 'S04 what was harmed holds the policy',
      find: 'if (hold !== undefined) await undo.hold(',
      replace: 'if (hold === null) await undo.hold(',
      tests: RUNS,
    },
  ],
  'src/controllers/policy-run-end.ts': [
    {
      rule: 'S04 what was harmed ends the run',
      find: 'if (HARMFUL.has(stoppedBy.code)) return undefined',
      replace: '',
      tests: RUNS,
    },
  ],
  'src/controllers/policy-carrier.ts': [
    {
      rule: 'S21 what a dead process left is deleted by consent only',
      find: 'const { guard } = this.#guard(load, () => undefined, { repositories: [] })',
      replace: 'const guard = async () => void load',
      tests: CARRIER,
    },
  ],
  'src/evict/settle-overwrite.ts': [
    {
      rule: 'S17 tags are given back before anything that may be forbidden',
      find: 'await giveBack(hands, stays, manifests, stand)',
      replace: '',
      tests: SETTLE,
    },
    {
      rule: 'S43 a tag that names a placeholder that a dead process left does not go with it',
      find: 'named = await assertNobodyFollowed(hands, others, stand, bindings)',
      replace: '',
      tests: SETTLE,
    },
    {
      rule: 'S43 everything else gets its own manifest back then',
      find: 'withWayBack(hands, listed,',
      replace: 'withWayBack(hands, [],',
      tests: SETTLE,
    },
    {
      rule: 'S43 a tag that went along with that placeholder gets back what it named',
      find: 'all: others, bindings,',
      replace: 'all: [], bindings,',
      tests: SETTLE,
    },
  ],
}
