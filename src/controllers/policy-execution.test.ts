import { expect, test } from 'vitest'
import { type ExecutionContext, PolicyExecution } from '#controllers/policy-execution.ts'
import type { PolicyPass } from '#controllers/policy-pass.ts'
import { newRun } from '#controllers/policy-run.ts'
import type { Window } from '#controllers/policy-window.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { EMPTY_RECORD, type OpenRun } from '#retention/policy-record.ts'
import { rfc3339Seconds } from '#runtime/conditions.ts'
import { FakeClock } from '#test/harness/fake-clock.ts'
import { HOST, judged } from '#test/harness/judging.ts'
import { silentLog } from '#test/harness/reflected.ts'
import { imageFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'
import { evictionsOf, plannedRemovals, planOf, soakWith } from '#test/harness/retention-at-once.ts'

// Which of the open run and the decision goes on; what is decided is in policy-decision.test.ts, what a run does in policy-runs.test.ts.

const apiVersion = 'tallyman.dev/v1alpha1'
const [a, b] = [imageFacts('a', 10), imageFacts('b', 11)] as const
const judgement = judged({ repositories: [repositoryFacts('app', { v2: a, v1: b })], manifests: [a, b] })
const plan = planOf(judgement, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' })
const removals = [...plannedRemovals(plan.repositories)].flatMap(({ digest, action, ...removal }) =>
  digest === undefined || action === 'keep' ? [] : { ...removal, digest, action },
)
const kept = { digest: plan.digest, readAt: READ_AT, removals }

interface Case {
  /** Of the spec. */
  readonly mode: RegistryPolicySpec['mode']
  readonly approvedPlan?: string
  /** Of the run that is open; undefined: none is. */
  readonly cause?: OpenRun['cause']
  /** Whether a last look at it finds all of it whole. */
  readonly isWhole?: boolean
  readonly window?: Window
}

const OPEN: Window = { isOpen: true, endsAt: Number.POSITIVE_INFINITY }

/** What is done with a plan, also while a run of an earlier one is open, when it goes on, and what the approval says. */
async function followed({ mode, approvedPlan, cause, isWhole = true, window = OPEN }: Case) {
  const clock = new FakeClock(READ_AT)
  const earlier = (since: OpenRun['cause']) =>
    newRun({
      ...{ name: 'main', plan: 'sha256:earlier', cause: since, now: READ_AT, nonce: '3f9a', mark: 'mark' },
      ...{ registry: { uid: 'r', url: 'https://r.example' }, evictions: evictionsOf(judgement) },
    })
  const run = cause === undefined ? undefined : earlier(cause)
  let status: Parameters<Parameters<PolicyPass['write']>[0]>[0] = {}
  const done: string[] = []
  const execution = new PolicyExecution({
    plans: { find: async () => kept },
    runs: {
      abandon: async (_context, { plan: of }, why) => {
        done.push(`abandon ${of}: ${why}`)
        return isWhole
      },
      resume: async (_context, { plan: of }) => {
        done.push(`resume ${of}`)
        return 2
      },
      start: async (_context, decision) => {
        done.push(`start ${decision.cause}`)
        return 1
      },
      wait: async () => void done.push('wait'),
    },
    leftovers: { purge: async () => undefined },
    ...{ clock, log: silentLog },
  })
  const pass: PolicyPass = {
    policy: { apiVersion, kind: 'RegistryPolicy', metadata: { name: 'main', namespace: 'shop' }, spec: {} },
    stamp: { generation: 1, now: READ_AT },
    signal: new AbortController().signal,
    shield: (work) => work(),
    write: async (change) => {
      status = change(status)
    },
    answer: async (change) => {
      status = change(status)
    },
  }
  const context: ExecutionContext = {
    ...{ pass, url: 'https://r.example', product: 'distribution-3', names: { host: HOST, aliases: [] } },
    spec: RegistryPolicySpec.parse({
      ...{ registryRef: { name: 'main' }, inventoryRef: { name: 'all' }, mode, approvedPlan },
      rules: [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }],
    }),
    registry: {
      apiVersion,
      kind: 'Registry',
      metadata: { name: 'main', namespace: 'shop', uid: 'r' },
      spec: {},
    },
    planning: {
      ...{ judgement, plan, facts: judgement.parts.facts, restored: [] },
      soak: soakWith(undefined, plan, 'mark', READ_AT),
    },
    record: { ...EMPTY_RECORD, run },
    ...{ blocks: [], held: undefined, isAsked: false },
    windowAt: () => window,
  }
  return { next: await execution.follow(context), done, approval: status.approval }
}

test('S12, S44: another plan that is approved ends the run that is open, which is looked at first', async () => {
  const approved = { mode: 'Approve', approvedPlan: plan.digest, cause: 'Enforced' } as const
  expect(await followed(approved)).toMatchObject({
    next: 1,
    done: ['abandon sha256:earlier: spec.mode is not Enforce any more', 'start Approved'],
  })
  expect(await followed({ ...approved, mode: 'Enforce' })).toMatchObject({
    next: 1,
    done: ['abandon sha256:earlier: spec.approvedPlan names another plan', 'start Approved'],
  })
})

test.each(['Approve', 'Enforce'] as const)(
  'S44: where the run that it ends has harmed something nothing begins (%s)',
  async (mode) => {
    const { next, done } = await followed({
      ...{ mode, approvedPlan: plan.digest, cause: 'Enforced', isWhole: false },
    })
    expect([next, done.length, done[0]]).toEqual([
      Number.POSITIVE_INFINITY,
      1,
      expect.stringMatching(/^abandon /),
    ])
  },
)

test('S32: a run that may not go on is given up, and one that may goes on', async () => {
  expect(await followed({ mode: 'DryRun', cause: 'Enforced' })).toMatchObject({
    next: Number.POSITIVE_INFINITY,
    done: ['abandon sha256:earlier: spec.mode is DryRun by now'],
  })
  expect(await followed({ mode: 'Enforce', cause: 'Enforced' })).toMatchObject({
    next: 2,
    done: ['resume sha256:earlier'],
  })
})

const OPENS_AT = READ_AT + 3_600_000
const WAITS_FOR_WINDOW = expect.stringContaining(
  `in the next window of spec.schedule, from ${rfc3339Seconds(OPENS_AT)} on`,
)
const SHUT: Window = { isOpen: false, opensAt: OPENS_AT }

test('S21: outside the window of its schedule nothing begins, and an approval waits for it', async () => {
  const approved = { mode: 'Approve', approvedPlan: plan.digest, window: SHUT } as const
  const waits = { next: OPENS_AT, done: [], approval: { state: 'Pending', message: WAITS_FOR_WINDOW } }
  expect(await followed(approved)).toMatchObject(waits)
  expect(await followed({ ...approved, mode: 'Enforce', cause: 'Enforced' })).toMatchObject(waits)
  expect(await followed({ ...approved, window: OPEN })).toMatchObject({ next: 1, done: ['start Approved'] })
})

test('S21: nor does a run go on', async () => {
  const enforced = { mode: 'Enforce', cause: 'Enforced', window: SHUT } as const
  expect(await followed(enforced)).toMatchObject({ next: OPENS_AT, done: [] })
})

test('with no window ever again nothing begins', async () => {
  const window: Window = { isOpen: false, opensAt: Number.POSITIVE_INFINITY }
  expect(await followed({ mode: 'Approve', approvedPlan: plan.digest, window })).toMatchObject({
    ...{ next: Number.POSITIVE_INFINITY, done: [] },
    approval: {
      message: expect.stringMatching(/^It is carried out in the next window of spec\.schedule, or when/),
    },
  })
})
