import { describe, expect, test } from 'vitest'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { nextPlanAt, planDueAt, scheduledPlanAt } from '#controllers/policy-due.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import { scheduleOf } from '#controllers/schedule.ts'
import { REQUESTED_AT } from '#crds/meta.ts'

const NOW = Date.parse('2026-01-15T12:00:00Z')
const HOUR = 3_600_000
const schedule = scheduleOf({ interval: '24h' })

const RUN = { phase: 'Succeeded', untagged: 1, swept: 0, finishedAt: new Date(NOW - HOUR / 2).toISOString() }

function policy(
  more: { readonly reason?: ConditionReason; readonly plannedAt?: number; readonly observed?: number } = {},
  annotations: Record<string, string> = {},
): RegistryPolicyObject {
  const { reason = 'Planned', plannedAt = NOW - HOUR, observed = 3 } = more
  const condition = { type: 'PlanReady', status: 'True' as const, reason, message: '' }
  return {
    apiVersion: 'tallyman.dev/v1alpha1',
    kind: 'RegistryPolicy',
    metadata: { name: 'p', namespace: 'n', uid: 'u', generation: 3, annotations },
    spec: {},
    status: {
      observedGeneration: observed,
      conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }],
      plan: {
        digest: 'sha256:1',
        time: new Date(plannedAt).toISOString(),
        ...{ repositories: 0, tags: 0, keep: 0, untag: 0, evict: 0, digests: 0 },
        ...{ reclaimableBytes: 0, reclaimable: '0 B' },
      },
    },
  }
}

describe('a plan is due', () => {
  test('by the schedule, up to a twentieth early', () => {
    const due = planDueAt(policy(), schedule, NOW)
    expect(due).toBeGreaterThanOrEqual(NOW + 21.8 * HOUR)
    expect(due).toBeLessThanOrEqual(NOW + 23 * HOUR)
  })

  const ended = (run: object) => {
    const planned = policy()
    return { ...planned, status: { ...planned.status, run: { ...RUN, ...run } } } as typeof planned
  }

  test.each([
    ['where none was made', { ...policy(), status: {} }],
    ['of a spec that is new', policy({ observed: 2 })],
    ['that somebody asked for', policy({}, { [REQUESTED_AT]: 'now' })],
    ['where the registry was not reached', policy({ reason: 'RegistryUnreachable' })],
    ['where a Secret could not be read', policy({ reason: 'SecretForbidden' })],
    ['where an inventory was not synced', policy({ reason: 'InventoryNotSynced' })],
    ['after one of the future', policy({ plannedAt: NOW + HOUR })],
    ['where a run has taken away what it names', ended({})],
    ['where a run was stopped, and nothing goes any more', ended({ phase: 'Stopped', untagged: 0 })],
  ])('at once %s', (_what, object) => {
    expect(planDueAt(object, schedule, NOW)).toBe(0)
  })

  test('at the time that is told, whoever asks, also after a restart', () => {
    const told = scheduledPlanAt(policy(), NOW - HOUR + 999, schedule)
    expect(scheduledPlanAt(policy(), NOW - HOUR, schedule)).toBe(told)
    expect(planDueAt(policy(), schedule, NOW)).toBe(told)
    expect(nextPlanAt(policy(), NOW - HOUR, schedule, NOW)).toBe(told)
  })

  test('with cron times at the next of them, when a window opens', () => {
    const nightly = scheduleOf({ schedule: '0 3 * * *', timeZone: 'Europe/Oslo' })
    expect(scheduledPlanAt(policy(), NOW, nightly)).toBe(Date.parse('2026-01-16T02:00:00Z'))
  })

  test('by the schedule as it is told, though a run brings it earlier', () => {
    const told = scheduledPlanAt(ended({}), NOW - HOUR, schedule)
    expect(told).toBeGreaterThan(NOW)
    expect(nextPlanAt(ended({}), NOW - HOUR, schedule, NOW)).toBe(0)
  })

  test.each([
    ['took nothing', { untagged: 0 }],
    ['left something', { phase: 'Partial' }],
    ['ended before the plan was made', { finishedAt: new Date(NOW - 2 * HOUR).toISOString() }],
    ['goes on', { finishedAt: undefined }],
    ['ended by a clock that was ahead', { finishedAt: new Date(NOW + HOUR).toISOString() }],
  ])('by the schedule after a run that %s', (_what, run) => {
    expect(planDueAt(ended(run), schedule, NOW)).toBeGreaterThan(NOW)
  })
})
