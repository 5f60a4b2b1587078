import { describe, expect, test } from 'vitest'
import { type DecisionInput, decide } from '#controllers/policy-decision.ts'
import { RegistryPolicySpec } from '#crds/registry-policy.ts'
import { atOnce } from '#inventory/at-once.ts'
import type { Block } from '#retention/blocks.ts'
import type { Soak } from '#retention/soak.ts'
import { imageUse } from '#test/harness/image-use.ts'
import { codes, HOST, judged } from '#test/harness/judging.ts'
import { imageFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'
import { plannedRemovals, planOf, soakWith } from '#test/harness/retention-at-once.ts'

const HOUR = 3_600_000
const [a, b, c] = [imageFacts('a', 10), imageFacts('b', 11), imageFacts('c', 12)] as const
/** v2 and v1 go: v3 is newer. */
const judgement = judged({
  repositories: [repositoryFacts('app', { v3: a, v2: b, v1: c })],
  manifests: [a, b, c],
})
/** The same after somebody began to use v2. */
const used = judged({
  repositories: [repositoryFacts('app', { v3: a, v2: b, v1: c })],
  manifests: [a, b, c],
  used: [imageUse(`${HOST}/app:v2`)],
})
const plan = planOf(judgement, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' })
const approved = { digest: plan.digest, readAt: READ_AT, removals: [...plannedRemovals(plan.repositories)] }

const soft: Block = { code: 'TooManyEvictions', message: '2 of 3 tags would go', isAcceptable: true }
const hard: Block = { code: 'NotTrusted', message: 'the inventory shrank', isAcceptable: false }
const unread: Block = { code: 'RecordUnreadable', message: 'no answer', isAcceptable: false }

function soakOf(...times: readonly number[]): Soak {
  let soak: Soak | undefined
  for (const at of times) soak = soakWith(soak, plan, 'mark', at)
  if (soak === undefined) throw new Error('no plan was made')
  return soak
}

function input(spec: object, more: Partial<DecisionInput> = {}): DecisionInput {
  const refs = { registryRef: { name: 'r' }, inventoryRef: { name: 'i' } }
  const rules = [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }]
  return {
    spec: RegistryPolicySpec.parse({ ...refs, rules, ...spec }),
    ...{ plan, judgement, blocks: [], soak: soakOf(READ_AT), approved: undefined, usedBy: undefined },
    ...{ held: undefined, now: READ_AT },
    ...more,
  }
}

const decided = (asked: DecisionInput) => atOnce(decide(asked))

/** `wait`, or the tags that go. */
function outcome(spec: object, more: Partial<DecisionInput> = {}): string {
  const decision = decided(input(spec, more))
  if (decision.kind === 'wait') return 'wait'
  const going = Object.entries(codes(decision.judgement)).filter(([, code]) => !code.startsWith('keep'))
  return `${decision.cause}: ${going.map(([image]) => image).join(' ')}`
}

describe('mode DryRun', () => {
  test('carries out nothing, whatever is approved or agreed on', () => {
    expect(outcome({ approvedPlan: plan.digest }, { approved, soak: soakOf(0, READ_AT) })).toBe('wait')
    expect(decided(input({})).approval).toBeUndefined()
  })
})

describe('S12: an approval', () => {
  const spec = { mode: 'Approve', approvedPlan: plan.digest }

  test('carries out the plan that it names', () => {
    expect(outcome(spec, { approved })).toBe('Approved: app:v1 app:v2')
    expect(decided(input(spec, { approved }))).toMatchObject({
      plan: plan.digest,
      approval: { state: 'Pending', plan: plan.digest },
    })
  })

  test('leaves out what came into use since', () => {
    expect(outcome(spec, { approved, judgement: used })).toBe('Approved: app:v1')
  })

  test('leaves what goes now and did not by what was approved', () => {
    const more = judged({
      repositories: [repositoryFacts('app', { v3: a, v2: b, v1: c, v0: c })],
      manifests: [a, b, c],
    })
    expect(outcome(spec, { approved, judgement: more })).toBe('Approved: app:v1 app:v2')
  })

  test('does nothing where none is given', () => {
    expect(outcome({ mode: 'Approve' }, { approved })).toBe('wait')
  })

  test.each([
    ['that was used', { usedBy: 'run-1' }, 'Used', 'run-1'],
    ['of a plan that is not kept', { approved: undefined }, 'Unknown', `approve ${plan.digest}`],
    [
      'of a plan by which nothing goes',
      { approved: { ...approved, removals: [] } },
      'Empty',
      'once something goes',
    ],
    [
      'that nobody knows whether it was used',
      { approved: undefined, blocks: [unread] },
      'Blocked',
      'no answer',
    ],
    ['that is too old', { now: READ_AT + 72 * HOUR + 1 }, 'Expired', 'spec.approvalValidFor (72h)'],
    ['against which something stands', { blocks: [soft, hard] }, 'Blocked', 'the inventory shrank'],
    [
      'of a plan from before the memory of use was lost (S02)',
      { blocks: [{ ...soft, madeSince: READ_AT + 1 }] },
      'Blocked',
      '2 of 3 tags would go',
    ],
    ['of a policy that is held', { held: 'look first' }, 'Blocked', 'look first'],
  ] as const)('%s counts for nothing, and it is said why', (_what, more, state, message) => {
    const decision = decided(input(spec, { approved, ...more }))
    expect(decision).toMatchObject({
      kind: 'wait',
      approval: { state, message: expect.stringContaining(message) },
    })
  })

  test('is not used up where what it is about could not be read in full', () => {
    const unread = judged({
      repositories: [
        { ...repositoryFacts('app', { v3: a, v2: b, v1: c }), incomplete: 'a listing broke off' },
      ],
      manifests: [a, b, c],
    })
    expect(decided(input(spec, { approved, judgement: unread }))).toMatchObject({
      kind: 'wait',
      approval: {
        ...{ state: 'Blocked', plan: plan.digest },
        message: 'The repository app could not be read in full: a listing broke off. It is looked at again',
      },
    })
    const more = judged({
      repositories: [
        { ...repositoryFacts('app', { v3: a, v2: b, v1: c }), incomplete: 'a listing broke off' },
        repositoryFacts('web', { v3: a, v2: b }),
      ],
      manifests: [a, b, c],
    })
    const now = planOf(more, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' })
    const later = soakWith(soakWith(undefined, now, 'mark', READ_AT - 24 * HOUR), now, 'mark', READ_AT)
    const enforce = { ...spec, mode: 'Enforce' } as const
    expect(outcome(enforce, { approved, judgement: more, soak: later })).toBe('Enforced: web:v2')
    const elsewhere = { ...repositoryFacts('other', { v1: c }), incomplete: 'a listing broke off' }
    const rest = judged({
      repositories: [repositoryFacts('app', { v3: a, v2: b, v1: c }), elsewhere],
      manifests: [a, b, c],
    })
    expect(outcome(spec, { approved, judgement: rest })).toBe('Approved: app:v1 app:v2')
  })

  test('of a plan by which nothing goes keeps Enforce from nothing', () => {
    const soak = soakOf(READ_AT - 24 * HOUR, READ_AT)
    const empty = { ...approved, removals: [] }
    expect(outcome({ ...spec, mode: 'Enforce' }, { soak, approved: empty })).toBe('Enforced: app:v1 app:v2')
  })

  test('is valid up to the end of its time', () => {
    expect(outcome(spec, { approved, now: READ_AT + 72 * HOUR })).toMatch(/^Approved/)
  })

  test('S11: overrides the limits', () => {
    expect(outcome(spec, { approved, blocks: [{ ...soft, madeSince: READ_AT }] })).toMatch(/^Approved/)
    expect(outcome({ ...spec, limits: { maxEvictions: 1 } }, { approved, blocks: [soft] })).toBe(
      'Approved: app:v1 app:v2',
    )
  })
})

describe('S10: mode Enforce', () => {
  const spec = { mode: 'Enforce' }

  test('carries out what every plan over the soak says, of two at least', () => {
    expect(outcome(spec, { soak: soakOf(READ_AT) })).toBe('wait')
    expect(outcome(spec, { soak: soakOf(READ_AT - 23 * HOUR, READ_AT) })).toBe('wait')
    expect(outcome(spec, { soak: soakOf(READ_AT - 24 * HOUR, READ_AT) })).toBe('Enforced: app:v1 app:v2')
  })

  const soak = soakOf(READ_AT - 24 * HOUR, READ_AT)

  test('stops where anything stands against it, also what an approval accepts', () => {
    for (const block of [soft, hard]) expect(outcome(spec, { soak, blocks: [block] })).toBe('wait')
    expect(outcome(spec, { soak, held: 'look first' })).toBe('wait')
  })

  test('S11: takes the oldest up to the limit', () => {
    expect(outcome({ ...spec, limits: { maxEvictions: 1 } }, { soak })).toBe('Enforced: app:v1')
  })

  test('S11: waits for an approval where a limit is passed, and takes that', () => {
    const more = { soak, blocks: [soft], approved }
    expect(outcome(spec, more)).toBe('wait')
    expect(outcome({ ...spec, approvedPlan: plan.digest }, more)).toBe('Approved: app:v1 app:v2')
  })

  test('goes on by itself after an approval was used', () => {
    expect(outcome({ ...spec, approvedPlan: plan.digest }, { soak, approved, usedBy: 'run-1' })).toMatch(
      /^Enforced/,
    )
  })
})
