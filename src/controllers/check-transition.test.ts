import { describe, expect, test } from 'vitest'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { repairTransitions, reportTransition, transitionOf } from '#controllers/check-transition.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'

function status(value: 'True' | 'False' | 'Unknown', reason: ConditionReason): RegistryCheckStatus {
  const lastTransitionTime = '2026-01-01T00:00:00Z'
  return { conditions: [{ type: 'Healthy', status: value, reason, message: reason, lastTransitionTime }] }
}

const HEALTHY = status('True', 'AllHealthy')
const BROKEN = status('False', 'ProblemsFound')
const SILENT = status('Unknown', 'RegistryUnreachable')
const UNSYNCED = status('Unknown', 'InventoryNotSynced')
const FIRST = status('Unknown', 'NotCheckedYet')

describe('an event', () => {
  test.each([
    ['the first run finds nothing', FIRST, HEALTHY, 0, 0, undefined],
    ['the first run finds problems', FIRST, BROKEN, 3, 0, 'ProblemsFound: ProblemsFound (3 new)'],
    ['a run finds the same as before', BROKEN, BROKEN, 0, 0, undefined],
    ['a run finds more', BROKEN, BROKEN, 2, 1, 'ProblemsFound: ProblemsFound (2 new)'],
    ['a run finds less', BROKEN, BROKEN, 0, 2, 'ProblemsResolved: ProblemsFound (2 resolved)'],
    ['a run finds nothing any more', BROKEN, HEALTHY, 0, 3, 'ProblemsResolved: AllHealthy (3 resolved)'],
    ['the registry goes silent', HEALTHY, SILENT, 0, 0, 'HealthUnknown: RegistryUnreachable'],
    ['the registry stays silent', SILENT, SILENT, 0, 0, undefined],
    ['another reason not to know', SILENT, UNSYNCED, 0, 0, 'HealthUnknown: InventoryNotSynced'],
    ['it is back and as it was', SILENT, BROKEN, 0, 0, 'HealthKnown: ProblemsFound'],
    ['it is back and all is well', UNSYNCED, HEALTHY, 0, 0, 'HealthKnown: AllHealthy'],
    ['it is back with new problems', SILENT, BROKEN, 1, 0, 'ProblemsFound: ProblemsFound (1 new)'],
    [
      'it is back without the old problems',
      SILENT,
      HEALTHY,
      0,
      1,
      'ProblemsResolved: AllHealthy (1 resolved)',
    ],
    ['the spec is new', HEALTHY, FIRST, 0, 0, undefined],
    ['nothing was known, and is not', undefined, SILENT, 0, 0, undefined],
    ['there is no verdict', HEALTHY, {}, 5, 5, undefined],
  ] as const)('when %s', (_what, before, after, appeared, disappeared, told) => {
    const transition = transitionOf(before, after, appeared, disappeared)
    expect(transition && `${transition.reason}: ${transition.note}`).toBe(told)
  })
})

describe('what came of a repair', () => {
  const repair = (repaired: number, failed: number, time = '2026-01-15T12:00:00Z') => ({
    ...{ time, mode: 'Copy' as const, repaired, wouldRepair: 0, failed },
    images: failed > 0 ? [{ image: 'a', outcome: 'NotFound' as const, message: 'not there' }] : [],
  })
  const reasons = (...args: Parameters<typeof repairTransitions>) =>
    repairTransitions(...args).map(({ reason }) => reason)

  test('is told each time that something was copied', () => {
    expect(reasons(undefined, repair(2, 0))).toEqual(['ImagesRepaired'])
    expect(reasons(repair(2, 0), repair(2, 0))).toEqual([])
    expect(reasons(repair(2, 0), repair(2, 0, '2026-01-15T12:15:00Z'))).toEqual(['ImagesRepaired'])
  })

  test('is told once where something could not be, with the reason', () => {
    expect(repairTransitions(undefined, repair(0, 1))).toEqual([
      { reason: 'RepairFailed', note: '1 image could not be copied back: not there' },
    ])
    expect(reasons(repair(0, 1), repair(0, 1, '2026-01-15T12:15:00Z'))).toEqual([])
    expect(reasons(repair(0, 1), repair(0, 0))).toEqual([])
  })
})

describe('of a report that is kept, or not, an event', () => {
  const time = '2026-01-01T00:00:00Z'
  const kept = { reference: 'registry.example/reports@sha256:1', time }
  const refused = { time, message: 'The report is not kept: no right to push' }
  const down = { ...kept, message: 'The report is not kept: connection refused' }

  test.each([
    ['the Registry has no workspace', undefined, undefined, undefined],
    ['the first is kept', undefined, kept, undefined],
    ['another is kept', kept, { ...kept, reference: 'registry.example/reports@sha256:2' }, undefined],
    ['the first is not kept', undefined, refused, `ReportNotKept: ${refused.message}`],
    ['one is not kept any more', kept, down, `ReportNotKept: ${down.message}`],
    ['the next is not kept either', down, { ...down, time: '2026-01-01T01:00:00Z' }, undefined],
    ['it fails for another cause', refused, down, `ReportNotKept: ${down.message}`],
    ['it is kept again', down, kept, `ReportKept: The report is kept again: ${kept.reference}`],
    ['the workspace is taken away', down, undefined, undefined],
  ])('%s', (_when, before, after, expected) => {
    const transition = reportTransition(before, after)
    expect(transition && `${transition.reason}: ${transition.note}`).toBe(expected)
  })
})
