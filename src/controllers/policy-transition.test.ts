import { describe, expect, test } from 'vitest'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { policyTransitions } from '#controllers/policy-transition.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'

function status(
  value: 'True' | 'False' | 'Unknown',
  reason: ConditionReason,
  more: Partial<RegistryPolicyStatus> = {},
): RegistryPolicyStatus {
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  return {
    conditions: [{ type: 'PlanReady', status: value, reason, message: reason, lastTransitionTime }],
    ...more,
  }
}

const PLAN = {
  digest: 'sha256:1',
  time: '2026-01-01T00:00:00Z',
  ...{ repositories: 1, tags: 3, keep: 1, untag: 0, evict: 2, digests: 2 },
  ...{ reclaimableBytes: 10, reclaimable: '10 B' },
}
const blockOf = (code: string) => [{ code, message: code, approvable: false }]
const told = (before: RegistryPolicyStatus | undefined, after: RegistryPolicyStatus) =>
  policyTransitions(before, after).map(({ reason }) => reason)

const FIRST = status('Unknown', 'NotPlannedYet')
const PLANNED = status('True', 'Planned', { plan: PLAN })
const BLOCKED = status('False', 'PlanBlocked', { plan: PLAN, blocks: blockOf('NotTrusted') })
const SILENT = status('Unknown', 'RegistryUnreachable', { plan: PLAN })

describe('an event about a spec that is refused', () => {
  const stalled = (reason: ConditionReason, message = 'why') => {
    const lastTransitionTime = '2026-01-01T00:00:00Z'
    return { conditions: [{ type: 'Stalled', status: 'True' as const, reason, message, lastTransitionTime }] }
  }

  test.each(['SpecInvalid', 'PolicyConflict', 'RetainsTooLittle', 'PullThrough'] as const)(
    'says %s, as the condition does, once for each cause',
    (reason) => {
      expect(policyTransitions(PLANNED, stalled(reason))).toEqual([{ reason, note: 'why' }])
      expect(told(stalled(reason), stalled(reason))).toEqual([])
      expect(told(stalled(reason), stalled(reason, 'another'))).toEqual([reason])
      expect(told(stalled(reason), {})).toEqual([])
    },
  )
})

describe('an event about a plan', () => {
  test.each([
    ['the first one is made', FIRST, PLANNED, ['PlanMade']],
    ['it is the same', PLANNED, { ...PLANNED, plan: { ...PLAN, time: '2026-01-02T00:00:00Z' } }, []],
    ['it is another', PLANNED, { ...PLANNED, plan: { ...PLAN, digest: 'sha256:2' } }, ['PlanMade']],
    ['something stands against it', PLANNED, BLOCKED, ['PlanBlocked']],
    ['the same stands against it', BLOCKED, BLOCKED, []],
    ['something else does', BLOCKED, { ...BLOCKED, blocks: blockOf('NotSynced') }, ['PlanBlocked']],
    ['nothing does any more', BLOCKED, PLANNED, ['PlanMade']],
    ['none can be made', PLANNED, SILENT, ['PlanUnknown']],
    ['none can be made still', SILENT, SILENT, []],
    ['one can be made again', SILENT, PLANNED, ['PlanMade']],
    ['the spec is new', PLANNED, FIRST, []],
    ['nothing is said', PLANNED, {}, []],
  ] as const)('when %s', (_what, before, after, expected) => {
    expect(told(before, after)).toEqual(expected)
  })

  test('when it cannot be kept, once for each cause', () => {
    const unkept = (message: string) => ({
      ...PLANNED,
      plan: { ...PLAN, report: { time: PLAN.time, message } },
    })
    expect(told(PLANNED, unkept('full'))).toEqual(['PlanNotKept'])
    expect(told(unkept('full'), unkept('full'))).toEqual([])
    expect(told(unkept('full'), unkept('down'))).toEqual(['PlanNotKept'])
  })
})

describe('an event about what a human has decided', () => {
  const holding = (token: string, refusedToken?: string): RegistryPolicyStatus => {
    const hold = { token, since: '2026-01-01T00:00:00Z', because: 'it was in use' }
    return { ...PLANNED, hold: refusedToken === undefined ? hold : { ...hold, refusedToken } }
  }

  test('comes once for each token that is not that of the hold, and for none that was there before the hold', () => {
    expect(policyTransitions(holding('hold-b'), holding('hold-b', 'hold-x'))).toEqual([
      {
        reason: 'HoldNotReleased',
        note: 'spec.releaseHold: "hold-x" is not the token of the hold that stands, and nothing goes. Once you have looked, set it to hold-b (status.hold.token)',
      },
    ])
    expect(told(holding('hold-b', 'hold-x'), holding('hold-b', 'hold-x'))).toEqual([])
    expect(told(holding('hold-b', 'hold-x'), holding('hold-b', 'hold-y'))).toEqual(['HoldNotReleased'])
    expect(told(PLANNED, holding('hold-b', 'hold-a'))).toEqual([])
    expect(told(holding('hold-b', 'hold-x'), PLANNED)).toEqual([])
  })

  test('comes once for each approval that leads to nothing', () => {
    type Approval = NonNullable<RegistryPolicyStatus['approval']>
    const approved = (state: Approval['state'], plan = 'sha256:2', message = 'why') => ({
      ...PLANNED,
      approval: { plan, state, message },
    })
    for (const state of ['Unknown', 'Expired', 'Empty'] as const) {
      const note = 'Plan sha256:2 is not carried out: why'
      expect(policyTransitions(PLANNED, approved(state))).toEqual([{ reason: 'ApprovalVoid', note }])
      expect(told(approved(state), approved(state, 'sha256:2', 'at another time'))).toEqual([])
      expect(told(approved(state), approved(state, 'sha256:3'))).toEqual(['ApprovalVoid'])
      expect(told(approved('Pending'), approved(state))).toEqual(['ApprovalVoid'])
    }
    for (const state of ['Pending', 'Used', 'Blocked'] as const)
      expect(told(PLANNED, approved(state))).toEqual([])
  })
})

describe('S14: an event about what may be removed, or was, without the policy', () => {
  const untagged = (...names: string[]) => ({
    ...PLANNED,
    plan: { ...PLAN, untaggedInUse: names.length, untaggedInUseFirst: names },
  })
  const lost = (time: string, ...tags: string[]) => ({
    ...PLANNED,
    lostOutside: { time, count: tags.length, tags },
  })

  test('comes once for each digest in use that no tag names', () => {
    expect(told(FIRST, untagged('a'))).toEqual(['PlanMade', 'UntaggedInUse'])
    expect(told(untagged('a'), untagged('a'))).toEqual([])
    expect(policyTransitions(untagged('a'), untagged('a', 'b'))).toEqual([
      {
        reason: 'UntaggedInUse',
        note: 'In use, and no tag names it any more, so that the registry may remove it unless spec.anchorInUse of the Registry is Tag: b',
      },
    ])
    expect(told(untagged('a'), PLANNED)).toEqual([])
  })

  test('comes with each scan that misses tags, and names the first', () => {
    const first = lost('2026-01-01T00:00:00Z', 'a', 'b', 'c', 'd', 'e')
    expect(policyTransitions(PLANNED, first)).toEqual([
      {
        reason: 'LostOutside',
        note: '5 tags that had to stay went, and not by the policy: a; b; c; 2 more',
      },
    ])
    expect(told(first, first)).toEqual([])
    expect(told(first, lost('2026-01-02T00:00:00Z', 'a'))).toEqual(['LostOutside'])
  })
})

describe('an event about what a spec names in vain', () => {
  const unmatched = (...unmatchedRules: string[]) => ({ ...PLANNED, plan: { ...PLAN, unmatchedRules } })
  const restoring = (...unmatchedRestores: string[]) => ({ ...PLANNED, unmatchedRestores })

  test('comes once for each rule that matches no repository', () => {
    expect(told(FIRST, unmatched('prdo'))).toEqual(['PlanMade', 'RulesUnmatched'])
    expect(told(unmatched('prdo'), unmatched('prdo'))).toEqual([])
    expect(policyTransitions(unmatched('prdo'), unmatched('prdo', 'stging'))).toEqual([
      {
        reason: 'RulesUnmatched',
        note: 'In spec.rules, rule stging matches no repository of the registry: where one is misspelt, the next rule decides',
      },
    ])
    expect(told(unmatched('prdo'), PLANNED)).toEqual([])
  })

  test('comes once for each rule of which earlier ones have everything', () => {
    const shadowed = (...shadowedRules: string[]) => ({ ...PLANNED, plan: { ...PLAN, shadowedRules } })
    expect(told(shadowed('prod'), shadowed('prod'))).toEqual([])
    expect(policyTransitions(shadowed('prod'), shadowed('prod', 'cart'))).toEqual([
      {
        reason: 'RulesShadowed',
        note: 'In spec.rules, rule cart decides about nothing: rules before it match all that it does',
      },
    ])
  })

  test('comes once for each entry of spec.restore', () => {
    expect(told(restoring('shop/cart:v9'), restoring('shop/cart:v9'))).toEqual([])
    expect(policyTransitions(PLANNED, restoring('shop/cart:v9', 'b'))).toEqual([
      {
        reason: 'NothingToRestore',
        note: 'spec.restore: nothing of shop/cart:v9 is known to have been evicted by this policy, and nothing of it is there; 1 more: status.unmatchedRestores',
      },
    ])
    expect(told(restoring('shop/cart:v9'), PLANNED)).toEqual([])
  })
})

describe('an event about a run', () => {
  type Run = NonNullable<RegistryPolicyStatus['run']>
  const run = (phase: Run['phase'], more: Partial<Run> = {}): RegistryPolicyStatus => ({
    run: {
      ...{ id: 'run-1', plan: 'sha256:1', cause: 'Approved', phase, startedAt: PLAN.time },
      ...{ bindings: 2, untagged: 0, swept: 0, spared: 0 },
      ...more,
    },
  })

  test.each([
    ['begins', undefined, run('Untagging'), ['EvictionStarted']],
    ['goes on', run('Untagging'), run('Sweeping'), []],
    ['ends', run('Sweeping'), run('Succeeded'), ['EvictionEnded']],
    ['has ended', run('Succeeded'), run('Succeeded'), []],
    ['begins and ends at once', undefined, run('Succeeded'), ['EvictionEnded']],
    ['stops', run('Untagging'), run('Stopped', { message: 'the lease was lost' }), ['EvictionStopped']],
    ['ends with a rest', run('Sweeping'), run('Partial'), ['EvictionStopped']],
    ['follows another', run('Succeeded'), run('Copying', { id: 'run-2' }), ['EvictionStarted']],
  ] as const)('that %s', (_what, before, after, expected) => {
    expect(told(before, after)).toEqual(expected)
  })
})
