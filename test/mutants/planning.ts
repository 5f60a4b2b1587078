import type { MutantsByFile } from './mutant.ts'

const KEPT = ['src/report/kept-plans.test.ts']
const READ_BACK = ['src/controllers/policy-plans.test.ts']
const REDACTED = ['src/report/redacted-plan.test.ts']
const LEDGERS = ['src/retention/known-ledgers.test.ts']
const PLANNER = ['src/controllers/policy-planner.test.ts']
const SPEC = ['src/controllers/policy-spec.test.ts']
const BLOCKED = ['src/controllers/blocked-plans.test.ts']

/** What a plan is made from and when (S01-S03, S10), what is read back of one, and what it tells whom (S12, S19, S22). */
export const PLANNING_MUTANTS: MutantsByFile = {
  'src/retention/known-ledgers.ts': [
    {
      rule: 'S02 a ledger that replaces another one',
      find: 'if (before === undefined || ledger.id === before.id) {',
      replace: 'if (true) {',
      tests: LEDGERS,
    },
    {
      rule: 'S02 it is noticed once',
      find: 'before.other?.id === ledger.id ? before.other.noticedAt : at',
      replace: 'at',
      tests: LEDGERS,
    },
    {
      rule: 'S02 an approval from before a loss does not accept it',
      find: 'acceptedAt > noticedAt && ',
      replace: '',
      tests: LEDGERS,
    },
    {
      rule: 'S02 a ledger stays known while it is not read',
      find: 'new Map(known)',
      replace: 'new Map<string, KnownLedger>()',
      tests: LEDGERS,
    },
    {
      rule: 'S02 a ledger that is not written is not known yet',
      find: 'if (ledger.isKept) next',
      replace: 'next',
      tests: LEDGERS,
    },
    {
      rule: 'S02 inventories of one name in two installations are two',
      find: "[inventory, 'of installation', installation].join(' ')",
      replace: 'inventory',
      tests: LEDGERS,
    },
  ],
  'src/controllers/inventory-setup.ts': [
    {
      rule: 'S10 an inventory has another mark with another spec',
      find: 'JSON.stringify([object.metadata.uid, spec])',
      replace: 'JSON.stringify([object.metadata.uid])',
    },
    {
      rule: 'S10 an inventory that was made anew has another mark',
      find: 'JSON.stringify([object.metadata.uid, spec])',
      replace: 'JSON.stringify([spec])',
    },
  ],
  'src/controllers/claimed-usage.ts': [
    {
      rule: 'S01 what is not proven is not claimed as known',
      find: '{ ...(await live.calmSnapshot()), synced: false }',
      replace: 'await live.calmSnapshot()',
    },
    {
      rule: 'S01 nor is it where an inventory is missing beside',
      find: 'return missing === undefined ? claim : { ...claim, synced: false }',
      replace: 'return claim',
    },
    {
      rule: 'S02 the ledger is asked for after what it knows',
      find: 'const snapshot = await this.#proven(held, signal)\n    const { key, ledger } = held',
      replace: 'const { key, ledger } = held\n    const snapshot = await this.#proven(held, signal)',
    },
  ],
  'src/controllers/policy-planner.ts': [
    {
      rule: 'S02 what other installations remember by is known as well',
      find: '[...inventories, ...claimedLedgers(claims)]',
      replace: '[...inventories]',
      tests: ['src/controllers/policy-planner-use.test.ts'],
    },
    {
      rule: 'S02 the ledgers of the plan before are known to the next one',
      find: 'ledgers: ledgers.known,',
      replace: 'ledgers: input.ledgers,',
      tests: PLANNER,
    },
    {
      rule: 'S03 who uses what is asked again after a registry was read for long',
      find: 'const inventories = isFresh ? before : await input.inventories()',
      replace: 'const inventories = before',
      tests: PLANNER,
    },
    {
      rule: 'S10 another spec of an inventory begins a soak anew',
      find: '=> [name, spec]',
      replace: '=> [name]',
      tests: PLANNER,
    },
    {
      rule: 'S14 what is in use and has no tag is looked for',
      find: 'before.map(({ snapshot }) => snapshot),',
      replace: '[],',
      tests: PLANNER,
    },
    {
      rule: 'S01 what others claim is in use for a plan',
      find: 'inUseIndex({ snapshots, claims }, names)',
      replace: 'inUseIndex({ snapshots }, names)',
      tests: PLANNER,
    },
    {
      rule: 'S08 the workspace is not read for a plan',
      find: 'workspaces: input.workspaces, known',
      replace: 'workspaces: [], known',
      tests: PLANNER,
    },
    {
      rule: 'S12 what was brought back stays by a plan',
      find: 'workspaces: input.workspaces, restored },',
      replace: 'workspaces: input.workspaces, restored: [] },',
      tests: PLANNER,
    },
    {
      rule: 'S12 where it is not known what was brought back, nothing goes by a plan',
      find: 'doubtReturned(await calmly(withoutFirstSeen(recalled)), input.unknownReturns)',
      replace: 'await calmly(withoutFirstSeen(recalled))',
      tests: PLANNER,
    },
    {
      rule: 'S05 what stands against a plan is said',
      find: 'plan, blocks: against,',
      replace: 'plan, blocks: [],',
      tests: PLANNER,
    },
    {
      rule: 'S02 the clock of the registry is looked at',
      find: 'registrySkewMs: opened.skewMs,',
      replace: 'registrySkewMs: 0,',
      tests: PLANNER,
    },
    {
      rule: 'S10 what the policy took away itself is looked for in what is listed',
      find: 'comeAgain(doubted, input.taken)',
      replace: 'comeAgain(doubted, [])',
      tests: PLANNER,
    },
    {
      rule: 'S10 another program, other rules or another inventory soak anew',
      find: 'soakInSteps(input.soak, plan, mark, facts.readAt, again)',
      replace: "soakInSteps(input.soak, plan, input.soak?.mark ?? '', facts.readAt, again)",
      tests: PLANNER,
    },
    {
      rule: 'S10 a tag is not young for being seen for the first time',
      find: 'await calmly(withoutFirstSeen(recalled))',
      replace: 'recalled.facts',
      tests: PLANNER,
    },
  ],
  'src/controllers/policy-spec.ts': [
    {
      rule: 'S02 RetainsTooLittle: use within longer than an inventory remembers',
      find: 'if (inUseWithinMs <= retainMs) continue',
      replace: 'continue',
      tests: SPEC,
    },
    {
      rule: 'S02 RetainsTooLittle: every inventory has to remember long enough',
      find: 'of retained) {',
      replace: 'of retained.slice(0, 1)) {',
      tests: SPEC,
    },
    {
      rule: 'S02 RetainsTooLittle: every rule is looked at',
      find: 'inUseWithinMs = 0 } of rules) {',
      replace: 'inUseWithinMs = 0 } of rules.slice(0, 1)) {',
      tests: SPEC,
    },
  ],
  'src/controllers/blocked-plans.ts': [
    {
      rule: 'S10 a plan that something stands against is looked at again',
      find: 'isBlocked ? now + pause : Number',
      replace: 'now < 0 ? now + pause : Number',
      tests: BLOCKED,
    },
    {
      rule: 'S25 a large registry is not read all the time',
      find: 'Math.max(backoffDelay(BACKOFF, blocked - 1), FACTOR * tookMs)',
      replace: 'backoffDelay(BACKOFF, blocked - 1)',
      tests: BLOCKED,
    },
    {
      rule: 'S25 what stands there for long is looked at ever more seldom',
      find: '(this.#known.get(key)?.blocked ?? 0) + 1 : 0',
      replace: '1 : 0',
      tests: BLOCKED,
    },
    {
      rule: 'S10 what an earlier leader was blocked by is looked at at once',
      find: '?? (wasBlocked ? 0 : Number.POSITIVE_INFINITY)',
      replace: '?? Number.POSITIVE_INFINITY',
      tests: BLOCKED,
    },
  ],
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
      find: 'head.digest === status?.plan?.digest &&',
      replace: '',
      tests: READ_BACK,
    },
    {
      rule: 'S22 the plan of a policy that was made anew is not that of the one before',
      find: '&& head.policy.uid === metadata.uid',
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
