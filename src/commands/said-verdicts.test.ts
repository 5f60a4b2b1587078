import { describe, expect, test } from 'vitest'
import { isUncertain, saidVerdicts } from '#commands/said-verdicts.ts'
import type { Planned, PlannedVerdict } from '#commands/why-plan.ts'
import { reason } from '#retention/reasons.ts'
import type { Verdict } from '#retention/verdict.ts'

const AT = Date.UTC(2026, 10, 26, 6, 7)
const DIGEST = `sha256:${'a'.repeat(64)}`

const goes: Verdict = {
  ...{ tag: 'v1', digest: DIGEST, action: 'evict', reason: reason('Superseded', '', 2) },
  rule: 'newest-two',
}
const stays: Verdict = { ...goes, action: 'keep', reason: reason('Undated') }
const young: PlannedVerdict = { action: 'keep', code: 'Young', reason: 'it is young', rule: 'newest-two' }
const planGoes: PlannedVerdict = { ...young, action: 'evict', code: 'Superseded', reason: '2 newer digests' }
const planned = (said: PlannedVerdict | undefined): Planned => ({
  at: AT,
  verdictOn: (tag, digest) => (tag === 'v1' && digest === DIGEST ? said : undefined),
})
const told = (judged: Verdict, said: PlannedVerdict | undefined) =>
  saidVerdicts([judged], planned(said)).map(({ action, code, plannedAt }) => [action, code, plannedAt])

describe('what is told of a tag', () => {
  test('that would go by what is seen now is what the plan says, whatever that is', () => {
    expect(told(goes, young)).toEqual([['keep', 'Young', AT]])
    expect(told(goes, planGoes)).toEqual([['evict', 'Superseded', AT]])
  })

  test('that stays is what is so now, and that only the plan lets go of it comes after that', () => {
    expect(told(stays, young)).toEqual([['keep', 'Undated', undefined]])
    expect(told(stays, planGoes)).toEqual([
      ['keep', 'Undated', undefined],
      ['evict', 'Superseded', AT],
    ])
  })

  test('is never that it surely goes, where no plan says so of that tag and digest', () => {
    const moved = { ...goes, digest: `sha256:${'b'.repeat(64)}` }
    for (const said of [
      saidVerdicts([goes], undefined),
      saidVerdicts([goes], planned(undefined)),
      saidVerdicts([moved], planned(planGoes)),
    ]) {
      expect(said).toMatchObject([{ action: 'evict', reason: '2 newer digests', plannedAt: undefined }])
      expect(said.map(isUncertain)).toEqual([true])
    }
    expect(
      [...saidVerdicts([stays], undefined), ...saidVerdicts([goes], planned(planGoes))].map(isUncertain),
    ).toEqual([false, false])
  })
})
