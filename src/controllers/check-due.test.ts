import { describe, expect, test } from 'vitest'
import type { ConditionReason } from '#catalogue/reasons.ts'
import { dueAt, nextStart } from '#controllers/check-due.ts'
import { KEPT_OUT } from '#controllers/probe-reasons.ts'
import type { RegistryCheckObject, RegistryObject } from '#controllers/resources.ts'
import { scheduleOf } from '#controllers/schedule.ts'
import { outdatedAt } from '#health/staleness.ts'

const HOUR = 3_600_000
const START = '2026-01-01T10:00:00Z'
const END = '2026-01-01T10:01:00Z'
const start = Date.parse(START)
const hourly = scheduleOf({ interval: '1h' })

const apiVersion = 'tallyman.dev/v1alpha1'
const registry: RegistryObject = { apiVersion, kind: 'Registry', metadata: { name: 'main' } }

function condition(type: string, status: 'True' | 'False' | 'Unknown', reason: ConditionReason) {
  return { type, status, reason, message: reason, lastTransitionTime: END, observedGeneration: 1 }
}

function check(reason: ConditionReason = 'AllHealthy', uid = 'u', annotations = {}): RegistryCheckObject {
  const healthy = condition('Healthy', reason === 'AllHealthy' ? 'True' : 'Unknown', reason)
  return {
    apiVersion,
    kind: 'RegistryCheck',
    metadata: { name: 'in-use', uid, generation: 1, annotations },
    status: {
      observedGeneration: 1,
      conditions: [healthy],
      run: { startedAt: START, finishedAt: END, durationSeconds: 60 },
    },
  }
}

describe('a check with an interval', () => {
  test('is due a little before the interval is over, each check at a time of its own', () => {
    const dues = Array.from({ length: 50 }, (_, n) =>
      dueAt(check('AllHealthy', `u${n}`), registry, hourly, start),
    )
    expect(new Set(dues).size).toBe(50)
    for (const due of dues) {
      expect(due).toBeLessThanOrEqual(start + HOUR)
      expect(due).toBeGreaterThanOrEqual(start + HOUR * 0.95)
    }
  })

  test('is due when the run before it said, so that waking up then is not too early', () => {
    for (let ms = 0; ms < 1_000; ms += 37) {
      const planned = nextStart(check(), start + ms, hourly)
      expect(dueAt(check(), registry, hourly, planned)).toBeLessThanOrEqual(planned)
    }
  })

  test('S22: is due long before its report is outdated', () => {
    const limit = outdatedAt(check().status?.run, hourly.next) ?? 0
    expect(limit - dueAt(check(), registry, hourly, start)).toBeGreaterThan(HOUR)
  })
})

describe('a check is due at once', () => {
  test.each([
    'NotCheckedYet',
    'RegistryUnreachable',
    ...KEPT_OUT,
    'InventoryNotSynced',
    'OutdatedReport',
    'NothingMatched',
  ] as const)('when it could not look: %s', (reason) => {
    expect(dueAt(check(reason), registry, hourly, start)).toBe(0)
  })

  test('when somebody asks, when its spec is new, and when its last run lies in the future', () => {
    const asked = check('AllHealthy', 'u', { 'tallyman.dev/requestedAt': 'now' })
    expect(dueAt(asked, registry, hourly, start)).toBe(0)
    const edited = { ...check(), metadata: { ...check().metadata, generation: 2 } }
    expect(dueAt(edited, registry, hourly, start)).toBe(0)
    expect(dueAt(check(), registry, hourly, start - 2 * HOUR)).toBe(0)
  })

  test('S25: when its Registry does not answer any more, and not while a new spec of that is worked on', () => {
    const lost = { ...registry, status: { conditions: [condition('Reachable', 'False', 'Unreachable')] } }
    expect(dueAt(check(), lost, hourly, start)).toBe(0)
    const edited = { ...registry, status: { conditions: [condition('Ready', 'Unknown', 'Progressing')] } }
    expect(dueAt(check(), edited, hourly, start)).toBeGreaterThan(start)
  })
})
