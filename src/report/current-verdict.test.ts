import { describe, expect, test } from 'vitest'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import { verdictOfStatus } from '#report/current-verdict.ts'
import { OUTDATED_AT, RUN_END } from '#test/harness/check-report.ts'

const status: RegistryCheckStatus = {
  conditions: [
    {
      type: 'Healthy',
      status: 'True',
      reason: 'AllHealthy',
      message: '1 of 1 images are complete',
      lastTransitionTime: '2027-01-10T12:00:10Z',
    },
  ],
  run: { startedAt: '2027-01-10T12:00:00Z', finishedAt: '2027-01-10T12:00:10Z', durationSeconds: 10 },
  images: { total: 1, healthy: 1, unhealthy: 0, unknown: 0 },
}
const known = { status, outdatedAt: OUTDATED_AT, isSuspended: false, now: RUN_END }

describe('what can be said at this moment', () => {
  test('is what the condition says, as long as the run is not too old', () => {
    expect(verdictOfStatus(known)).toMatchObject({
      status: 'True',
      isOutdated: false,
      finishedAt: RUN_END,
      counts: { total: 1 },
    })
    expect(verdictOfStatus({ ...known, now: OUTDATED_AT })).toMatchObject({ status: 'True' })
    const forever = { ...known, outdatedAt: undefined, now: OUTDATED_AT * 2 }
    expect(verdictOfStatus(forever)).toMatchObject({ status: 'True' })
  })

  test('S22: older than two intervals, a status that nobody keeps up to date says nothing', () => {
    expect(verdictOfStatus({ ...known, now: OUTDATED_AT + 1 })).toMatchObject({
      status: 'Unknown',
      reason: 'OutdatedReport',
      isOutdated: true,
      message: expect.stringContaining('2027-01-10T12:00:10.000Z'),
    })
  })

  test('S22: too old is what only some images are known of, too, and what is unknown keeps its reason in words', () => {
    const [healthy] = status.conditions ?? []
    const unknown = (reason: string, message: string) => ({
      ...known,
      now: OUTDATED_AT + 1,
      status: {
        ...status,
        conditions:
          healthy === undefined ? [] : [{ ...healthy, status: 'Unknown' as const, reason, message }],
      },
    })
    expect(verdictOfStatus(unknown('CoverageTooLow', 'Only 1 of 2'))).toMatchObject({
      reason: 'OutdatedReport',
      message: expect.stringMatching(/two intervals ago: Only 1 of 2$/),
    })
    expect(verdictOfStatus(unknown('OutdatedReport', 'as was said')).message).not.toContain('as was said')
  })

  test('S22: a check that has never run says nothing, whatever its conditions', () => {
    const { run: _, ...neverRun } = status
    for (const other of [undefined, {}, neverRun]) {
      expect(verdictOfStatus({ ...known, status: other })).toMatchObject({
        status: 'Unknown',
        reason: 'NotCheckedYet',
      })
    }
  })

  test('names a suspension where nothing is known', () => {
    const late = { ...known, isSuspended: true, now: OUTDATED_AT + 1 }
    expect(verdictOfStatus(late).message).toContain('the check is suspended')
    expect(verdictOfStatus({ ...late, now: RUN_END }).message).not.toContain('suspended')
  })
})
