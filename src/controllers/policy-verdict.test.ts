import { describe, expect, test } from 'vitest'
import { planVerdict } from '#controllers/policy-verdict.ts'
import type { Block } from '#retention/blocks.ts'
import { judged } from '#test/harness/judging.ts'
import { imageFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'
import { planOf } from '#test/harness/retention-at-once.ts'

const images = Array.from({ length: 40 }, (_, n) => imageFacts(`i${n}`, 10 + n))
const tags = Object.fromEntries(images.map((image, n) => [`v${String(n).padStart(3, '0')}`, image]))
const judgement = judged({ repositories: [repositoryFacts('app', tags)], manifests: images })
const plan = planOf(judgement, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' })
const soft: Block = { code: 'TooManyEvictions', message: 'too many', isAcceptable: true }
const hard: Block = { code: 'NotTrusted', message: 'it shrank', isAcceptable: false }
const NONE = { unmatchedRules: [], shadowedRules: [], soaking: undefined }

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
    const verdict = planVerdict({ ...NONE, plan, blocks }, { mode }, held)
    expect(`${verdict.status} ${verdict.reason}`).toBe(condition)
    expect(verdict.message).toContain('39 of 40 tags go')
    expect(verdict.message).toContain(says)
  })

  test('in mode DryRun says in one sentence that nothing is deleted, and what would stand against it', () => {
    const said = (...blocks: readonly Block[]) =>
      planVerdict({ ...NONE, plan, blocks }, { mode: 'DryRun' }, undefined).message
    expect(said(hard, soft)).toMatch(
      /unreferenced, but in no mode now \(it shrank; too many\); mode DryRun deletes nothing$/,
    )
    expect(said(soft)).toMatch(/, but only once approved \(too many\); mode DryRun deletes nothing$/)
  })

  test('names the run that is at it, instead of asking for an approval', () => {
    const open = { id: 'run-1', plan: 'sha256:2', startedAt: 5 } as const
    const said = (cause: 'Approved' | 'Enforced', blocks: readonly Block[]) =>
      planVerdict({ ...NONE, plan, blocks }, { mode: 'Enforce' }, undefined, { ...open, cause })
    expect(said('Approved', [soft])).toMatchObject({
      ...{ status: 'True', reason: 'Planned' },
      message: expect.stringContaining('run run-1 carries out plan sha256:2'),
    })
    expect(said('Approved', [hard]).reason).toBe('PlanBlocked')
    expect(said('Approved', [{ ...soft, madeSince: 5 }]).reason).toBe('Planned')
    expect(said('Approved', [{ ...soft, madeSince: 6 }]).reason).toBe('PlanBlocked')
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
    const said = (mode: 'DryRun' | 'Approve' | 'Enforce', ...blocks: readonly Block[]) =>
      planVerdict({ ...NONE, plan: none, blocks }, { mode }, undefined).message
    expect(said('DryRun')).toBe('None of 0 tags goes; mode DryRun deletes nothing')
    expect(said('Approve')).toBe('None of 0 tags goes; there is nothing to approve')
    expect(said('Approve', soft)).toBe('None of 0 tags goes, but too many')
    expect(said('Enforce')).toBe('None of 0 tags goes')
  })

  const said = (more: Partial<Parameters<typeof planVerdict>[0]>, mode: 'DryRun' | 'Enforce' = 'Enforce') =>
    planVerdict({ ...NONE, plan, blocks: [], ...more }, { mode }, undefined).message

  test('S10: says until when what goes has to wait, in mode Enforce', () => {
    const soaking = { count: 39, firstAt: READ_AT, lastAt: READ_AT + 3_600_000 }
    expect(said({ soaking })).toMatch(
      /; 39 of them wait for spec\.soak, the first until 2026-11-01T00:00:00Z, the last until 2026-11-01T01:00:00Z at the earliest$/,
    )
    expect(said({ soaking: { ...soaking, count: 1, lastAt: READ_AT } })).toMatch(
      /; 1 of them waits for spec\.soak until 2026-11-01T00:00:00Z at the earliest$/,
    )
    expect(said({})).toMatch(/; every plan over spec\.soak says so$/)
  })

  test('names rules that match no repository, whatever else it says', () => {
    const unmatchedRules = ['prdo']
    const note = '. Note: rule prdo matches no repository of the registry'
    expect(said({ unmatchedRules }, 'DryRun')).toMatch(new RegExp(`; mode DryRun deletes nothing${note}$`))
    expect(said({ unmatchedRules, blocks: [hard] })).toMatch(new RegExp(`but it shrank${note}$`))
    expect(said({ unmatchedRules, shadowedRules: ['cart'] })).toMatch(
      new RegExp(`${note}; rule cart decides about nothing: rules before it match all that it does$`),
    )
  })
})
