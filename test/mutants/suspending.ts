import type { MutantsByFile } from './mutant.ts'

const WANTED = ['src/controllers/policy-wanted.test.ts']
const RUNS = ['src/controllers/policy-runs.test.ts']
const EXECUTION_SAMPLE = ['src/evict/execution-sample.test.ts']
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
      find: 'base, withPostponed(end, left.postponed))',
      replace: 'base, end)',
    },
    {
      rule: 'S04 what was harmed holds the policy',
      find: 'if (end.stoppedBy !== undefined) await hold.record(end.stoppedBy)',
      replace: '',
      tests: RUNS,
    },
    {
      rule: 'S04 what was harmed holds the policy at once',
      find: 'harmed: (error) => hold.record(error)',
      replace: 'harmed: async () => undefined',
      tests: RUNS,
    },
    {
      rule: 'S04 what a call did that was cut off is read anew',
      find: 'undo.unknow(pass.policy)',
      replace: '',
      tests: RUNS,
    },
    {
      rule: 'S44 a run that is given up is looked at a last time',
      find: 'const problems = await this.#lastLook(context, run)',
      replace: 'const problems: readonly RepositoryProblem[] = []',
    },
    {
      rule: 'S44 what it has harmed holds the policy',
      find: 'const harmed = (error: TallymanError) => hold.record(error)',
      replace: 'const harmed = async () => undefined',
    },
    {
      rule: 'S32 another registry is no witness',
      find: 'if (!isDeepStrictEqual(run.registry, identityOf(context))) return []',
      replace: '',
    },
  ],
  'src/controllers/policy-execution.ts': [
    {
      rule: 'S21 outside a window nothing begins',
      find: 'if (window.isOpen) {',
      replace: 'if (true) {',
    },
    {
      rule: 'S21 outside a window no run goes on',
      find: 'Math.max(pausedUntil, window.isOpen ? 0 : window.opensAt)',
      replace: 'pausedUntil',
    },
    {
      rule: 'S44 where the run that is given up has harmed something nothing begins',
      find: 'refusal !== undefined && !(await runs.abandon(context, run, refusal)))',
      replace: 'refusal !== undefined && (await runs.abandon(context, run, refusal), false))',
    },
    {
      rule: 'S44 nor another approved plan',
      find: '!(await runs.abandon(context, open, ANOTHER_APPROVED))',
      replace: '(await runs.abandon(context, open, ANOTHER_APPROVED), false)',
    },
    {
      rule: 'S44 a run that another approval ends is looked at',
      find: 'if (open !== undefined && !(await runs.abandon(context, open, ANOTHER_APPROVED)))',
      replace: 'if (false)',
    },
  ],
  'src/controllers/policy-undo.ts': [
    {
      rule: 'S04 what is not known any more is read again',
      find: 'unknow(policy: RegistryPolicyObject): void {\n    this.#histories.delete(keyOf(policy))',
      replace: 'unknow(policy: RegistryPolicyObject): void {\n    keyOf(policy)',
    },
    {
      rule: 'S04 what is read anew of a run is all that it did',
      find: '[...run.repositories, ...known]',
      replace: 'run.repositories',
    },
    {
      rule: 'S04 one run is not taken for all of them',
      find: 'const now = this.#histories.get(key)\n    if (now',
      replace: 'const now = this.evicted(policy)\n    if (now',
    },
    {
      rule: 'S04 what has no end yet does not end what is watched',
      find: 'new Set(history.unsettled.map(({ run }) => run))',
      replace: 'new Set<string>()',
    },
  ],
  'src/controllers/known-history.ts': [
    {
      rule: 'S04 where a run has something without an end, it came to',
      find: '[...returned, ...unsettled].filter(',
      replace: '[...returned].filter(',
      tests: ['src/controllers/policy-undo.test.ts'],
    },
    {
      rule: 'S12 where something of a run came back, it came to',
      find: '[...returned, ...unsettled].filter(',
      replace: '[...unsettled].filter(',
      tests: ['src/controllers/policy-undo.test.ts'],
    },
  ],
  'src/controllers/evicted-watch.ts': [
    {
      rule: 'S04 what was told stays watched until it is known how it ended',
      find: 'this.#followed.get(policy)?.since.by(unsettled)',
      replace: 'unsettled.size < 0 ? this.#followed.get(policy)?.since : undefined',
    },
  ],
  'src/controllers/policy-run-hold.ts': [
    {
      rule: 'S04 a hold is recorded also where the run is told to stop',
      find: 'const signal = AbortSignal.timeout(RECORDED_WITHIN_MS)',
      replace: 'const { signal } = pass',
      tests: RUNS,
    },
  ],
  'src/controllers/policy-past.ts': [
    {
      rule: 'S17 what a dead process has begun gets an end whatever state its policy is in',
      find: 'if (problem === undefined) await leftovers.settle({ pass, registry, url }, undo.unsettled(policy))',
      replace: '',
    },
    {
      rule: 'S17 what has no end yet is looked at again',
      find: 'every(({ isLost }) => isLost)',
      replace: 'every(() => true)',
    },
  ],
  'src/controllers/registry-policy-controller.ts': [
    {
      rule: 'S04 what was evicted is watched also where an inventory is not set up',
      find: 'is not set up yet`,\n      )\n      await this.#parts.past.watch(pass)',
      replace: 'is not set up yet`,\n      )',
    },
    {
      rule: 'S04 what a policy has evicted is watched while others are worked on',
      find: 'const resumesAt = await work.resumesAt(pass, { ...understood, registry })',
      replace:
        'if (this.#turns.take(key) === undefined) return { requeueAfterMs: TURN_MS }\n      const resumesAt = await work.resumesAt(pass, { ...understood, registry })',
    },
  ],
  'src/controllers/policy-leftovers.ts': [
    {
      rule: 'S43 what a dead process took along holds the policy',
      find: 'const harmed = (error: TallymanError) => hold.record(error)',
      replace: 'const harmed = async () => undefined',
    },
  ],
  'src/evict/execution.ts': [
    {
      rule: 'S04 what was harmed is told before more is looked at',
      find: 'if (!HARMFUL.has(before?.code',
      replace: 'if (HARMFUL.has(before?.code',
      tests: EXECUTION_SAMPLE,
    },
    {
      rule: 'S43 what a run took along is told before more is looked at',
      find: 'await this.#harmed(stoppedBy)',
      replace: '',
    },
  ],
  'src/controllers/policy-run-end.ts': [
    {
      rule: 'S04 what was harmed ends the run',
      find: 'if (HARMFUL.has(stoppedBy.code)) return undefined',
      replace: '',
    },
    {
      rule: 'S21 a run that waits or was stopped goes on in a window',
      find: 'return window.isOpen ? time : window.opensAt',
      replace: 'return time',
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
