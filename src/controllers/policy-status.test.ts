import { describe, expect, test } from 'vitest'
import { type PlanFigures, planVerdict, statusAfterPlan } from '#controllers/policy-status.ts'
import { EVICTIONS_IN_STATUS } from '#crds/registry-policy.ts'
import type { Block } from '#retention/blocks.ts'
import { planOf } from '#retention/plan.ts'
import { judged } from '#test/harness/judging.ts'
import { imageFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'

const images = Array.from({ length: 40 }, (_, n) => imageFacts(`i${n}`, 10 + n))
const tags = Object.fromEntries(images.map((image, n) => [`v${String(n).padStart(3, '0')}`, image]))
const judgement = judged({ repositories: [repositoryFacts('app', tags)], manifests: images })
const plan = planOf(judgement, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' })
const soft: Block = { code: 'TooManyEvictions', message: 'too many', isAcceptable: true }
const hard: Block = { code: 'NotTrusted', message: 'it shrank', isAcceptable: false }
const FIGURES: PlanFigures = {
  ...{
    plan,
    readAt: READ_AT,
    blocks: [],
    difference: undefined,
    incomplete: 0,
    untaggedInUse: 0,
    lostOutside: 0,
  },
}

describe('the verdict on a plan', () => {
  test.each([
    ['DryRun', [], undefined, 'True Planned', 'deletes nothing'],
    ['DryRun', [hard], undefined, 'True Planned', 'deletes nothing'],
    ['Approve', [], undefined, 'True Planned', 'spec.approvedPlan'],
    ['Enforce', [], undefined, 'True Planned', 'spec.soak'],
    ['Enforce', [soft], undefined, 'False PlanBlocked', `Who approves plan ${plan.digest} accepts that`],
    ['Approve', [soft, hard], undefined, 'False PlanBlocked', 'too many; it shrank'],
    ['Enforce', [], 'look first', 'False Held', 'look first'],
  ] as const)('in mode %s with %j', (mode, blocks, held, condition, says) => {
    const verdict = planVerdict({ plan, blocks }, { mode }, held)
    expect(`${verdict.status} ${verdict.reason}`).toBe(condition)
    expect(verdict.message).toContain('39 of 40 tags go')
    expect(verdict.message).toContain(says)
  })

  test('names the run that is at it, instead of asking for an approval', () => {
    const open = { id: 'run-1', plan: 'sha256:2' } as const
    const said = (cause: 'Approved' | 'Enforced', blocks: readonly Block[]) =>
      planVerdict({ plan, blocks }, { mode: 'Enforce' }, undefined, { ...open, cause })
    expect(said('Approved', [soft])).toMatchObject({
      ...{ status: 'True', reason: 'Planned' },
      message: expect.stringContaining('run run-1 carries out plan sha256:2'),
    })
    expect(said('Approved', [hard]).reason).toBe('PlanBlocked')
    expect(said('Enforced', [soft]).reason).toBe('PlanBlocked')
    expect(said('Enforced', []).message).toContain('run-1')
  })

  test('says that nothing goes', () => {
    const none = planOf(judged({ repositories: [], manifests: [] }), {
      url: 'https://r.example',
      registry: '',
      policy: '',
      rules: '',
    })
    expect(planVerdict({ plan: none, blocks: [] }, { mode: 'DryRun' }, undefined).message).toBe(
      'None of 0 tags goes; mode DryRun deletes nothing',
    )
  })
})

describe('the status after a plan', () => {
  const stamp = { generation: 3, now: READ_AT }
  const verdict = planVerdict(FIGURES, { mode: 'DryRun' }, undefined)

  test('is a summary with a bound', () => {
    const status = statusAfterPlan({}, FIGURES, verdict, stamp)
    expect(status.evictions).toHaveLength(EVICTIONS_IN_STATUS)
    expect(status.evictions?.[0]).toMatchObject({ image: 'app:v001', action: 'Evict', rule: 'newest' })
    expect(status.plan).toMatchObject({ digest: plan.digest, tags: 40, keep: 1, evict: 39 })
    expect(status).not.toHaveProperty('blocks')
    expect(status.plan).not.toHaveProperty('incomplete')
  })

  test('forgets what stood against the plan before, and keeps what is said elsewhere', () => {
    const before = {
      ...{ blocks: [{ code: 'NotTrusted', message: 'm', approvable: false }], history: [] },
    }
    const status = statusAfterPlan(before, { ...FIGURES, lostOutside: 2 }, verdict, stamp)
    expect(status).not.toHaveProperty('blocks')
    expect(status).toMatchObject({ history: [], plan: { lostOutside: 2 } })
    expect(statusAfterPlan({}, { ...FIGURES, blocks: [soft] }, verdict, stamp).blocks).toEqual([
      { code: 'TooManyEvictions', message: 'too many', approvable: true },
    ])
  })
})
