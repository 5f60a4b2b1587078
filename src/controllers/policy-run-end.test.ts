import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { type CallEnd, goesOnAt, NO_COUNTS, type RunTimes } from '#controllers/policy-run-end.ts'

const NOW = Date.UTC(2026, 0, 1)
const OPENS_AT = NOW + 3_600_000

function at(end: Partial<CallEnd>, times: Partial<RunTimes> = {}): number | undefined {
  const open: RunTimes['windowAt'] = () => ({ isOpen: true, endsAt: Number.POSITIVE_INFINITY })
  return goesOnAt(
    { phase: 'Stopped', counts: NO_COUNTS, problems: [], ...end },
    { startedAt: NOW, now: NOW, maxDurationMs: 7_200_000, windowAt: open, ...times },
  )
}

const shut: RunTimes['windowAt'] = () => ({ isOpen: false, opensAt: OPENS_AT })
const stoppedBy = new TallymanError('BARRIER_NOT_REACHED', 'a watch ended')

test('S21: a run that waits or was stopped goes on in a window of its schedule', () => {
  const waiting = { phase: 'WaitingForGarbageCollection', resumesAt: NOW + 60_000 } as const
  expect([at(waiting), at(waiting, { windowAt: shut })]).toEqual([NOW + 60_000, OPENS_AT])
  expect([at({ stoppedBy }), at({ stoppedBy }, { windowAt: shut })]).toEqual([NOW + 15_000, OPENS_AT])
})

test('what stops a run before anything went is asked about less often, the longer it lasts', () => {
  const pause = (ageMs: number, counts = NO_COUNTS) =>
    (at({ stoppedBy, counts }, { startedAt: NOW - ageMs }) ?? 0) - NOW
  expect([60_000, 600_000, 86_400_000].map((age) => pause(age))).toEqual([15_000, 60_000, 600_000])
  expect(pause(86_400_000, { ...NO_COUNTS, untagged: 1 })).toBe(15_000)
})

test('S04: one that has harmed something is over', () => {
  const harmed = new TallymanError('EVICTION_HARMED', 'app:v2 is not whole any more')
  expect(at({ stoppedBy: harmed })).toBeUndefined()
})

test('what failed and may pass is tried again as long as spec.maxDuration lasts', () => {
  const problems = [{ repository: 'app', error: new TallymanError('REGISTRY_UNREACHABLE', 'is down') }]
  const partial = { phase: 'Partial', problems } as const
  expect(at(partial)).toBe(NOW + 15_000)
  expect(at({ ...partial, isPostponed: true })).toBe(NOW + 600_000)
  expect(at(partial, { now: NOW + 7_190_000 })).toBeUndefined()
  expect(at({ phase: 'Succeeded' })).toBeUndefined()
  const final = problems.map((problem) => ({ ...problem, isFinal: true }))
  expect(at({ ...partial, problems: final })).toBeUndefined()
})
