import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FindingCode, Severity } from '#catalogue/finding-codes.ts'
import type { CurrentVerdict } from '#report/current-verdict.ts'
import { nagiosState } from '#report/nagios-state.ts'
import { RUN_END } from '#test/harness/check-report.ts'
import { anySeverity, FINDING_CODE_LIST } from '#test/harness/findings.ts'

function verdict(
  status: CurrentVerdict['status'],
  found: readonly [FindingCode, Severity][] = [],
  changes: Partial<CurrentVerdict> = {},
): CurrentVerdict {
  return {
    status,
    reason: 'Any',
    message: 'in words',
    isOutdated: false,
    finishedAt: RUN_END,
    counts: undefined,
    findingCounts: found.map(([code, severity]) => ({ code, severity, count: 1 })),
    now: RUN_END,
    ...changes,
  }
}

describe('the state for Nagios', () => {
  test.each([
    ['OK', verdict('True')],
    [
      'CRITICAL',
      verdict('False', [
        ['LayerMissing', 'Critical'],
        ['TagMissing', 'Warning'],
      ]),
    ],
    [
      'WARNING',
      verdict('False', [
        ['LayerDamaged', 'Warning'],
        ['TagMissing', 'Info'],
      ]),
    ],
    ['OK', verdict('False', [['TagMissing', 'Info']])],
    ['WARNING', verdict('False', [])],
    ['WARNING', verdict('True', [['PullDenied', 'Critical']])],
    ['CRITICAL', verdict('True', [['ReferrerMissing', 'Critical']])],
    ['OK', verdict('True', [['ReferrerMissing', 'Info']])],
    [
      'OK',
      verdict('True', [
        ['NotExamined', 'Critical'],
        ['Drifted', 'Info'],
      ]),
    ],
    ['UNKNOWN', verdict('Unknown', [['LayerMissing', 'Critical']], { reason: 'InventoryNotSynced' })],
    ['UNKNOWN', verdict('Unknown', [['LayerMissing', 'Critical']], { reason: 'OutdatedReport' })],
    ['CRITICAL', verdict('Unknown', [['LayerMissing', 'Critical']], { reason: 'CoverageTooLow' })],
    ['UNKNOWN', verdict('Unknown', [['LayerMissing', 'Warning']], { reason: 'CoverageTooLow' })],
    ['UNKNOWN', verdict('True', [], { finishedAt: undefined })],
    [
      'UNKNOWN',
      verdict('Unknown', [['LayerMissing', 'Critical']], { reason: 'CoverageTooLow', isOutdated: true }),
    ],
  ] as const)('%s: %o', (state, given) => {
    expect(nagiosState(given)).toBe(state)
  })

  test('S22: is OK only after a complete run whose verdict is known', () => {
    const anyCount = fc.tuple(fc.constantFrom(...FINDING_CODE_LIST), anySeverity)
    const anyVerdict = fc
      .record({
        status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
        found: fc.array(anyCount, { maxLength: 4 }),
        finishedAt: fc.constantFrom(undefined, RUN_END),
        reason: fc.constantFrom('CoverageTooLow', 'NothingMatched', 'OutdatedReport'),
        isOutdated: fc.boolean(),
      })
      .map(({ status, found, ...changes }) => verdict(status, found, changes))
    fc.assert(
      fc.property(anyVerdict, (given) => {
        const state = nagiosState(given)
        const isKnown = given.finishedAt !== undefined && given.status !== 'Unknown'
        if (!isKnown) expect(['UNKNOWN', 'CRITICAL']).toContain(state)
        if (given.finishedAt === undefined || given.isOutdated) expect(state).toBe('UNKNOWN')
      }),
    )
  })
})
