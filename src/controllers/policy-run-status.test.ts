import { describe, expect, test } from 'vitest'
import {
  durationText,
  runAtRest,
  runInProgress,
  runStatus,
  withHistory,
} from '#controllers/policy-run-status.ts'
import type { OpenRun } from '#retention/policy-record.ts'

const NOW = Date.parse('2026-11-26T03:00:00Z')
const RUN: OpenRun = {
  ...{ id: 'run-1', plan: 'sha256:1', cause: 'Enforced', startedAt: NOW, resumesAt: undefined },
  registry: { uid: 'u', url: 'https://r.example' },
  mark: 'm',
  repositories: ['app'],
  bindings: [{ repository: 'app', tag: 'v1', digest: 'sha256:a' }],
  digests: [{ repository: 'app', digest: 'sha256:a' }],
}
const COUNTS = { bindings: 1, digests: 1, untagged: 1, swept: 0, spared: 0, trashed: 0 }

describe('the status of a run', () => {
  const fresh = runStatus(RUN, undefined, 'Copying')

  test('adds what each call has done', () => {
    expect(fresh).toMatchObject({ bindings: 1, digests: 1, untagged: 0 })
    const once = runAtRest(fresh, { phase: 'Partial', counts: COUNTS, resumesAt: NOW + 60_000 })
    expect(once).toMatchObject({ untagged: 1, swept: 0, resumesAt: '2026-11-26T03:01:00Z' })
    const base = runStatus(RUN, once, 'Copying')
    expect(base).not.toHaveProperty('resumesAt')
    const end = runAtRest(base, {
      phase: 'Succeeded',
      counts: { ...COUNTS, untagged: 0, swept: 1 },
      finishedAt: NOW,
    })
    expect(end).toMatchObject({ untagged: 1, swept: 1, finishedAt: '2026-11-26T03:00:00Z' })
  })

  test('begins anew for another run', () => {
    const other = { ...fresh, id: 'run-0', untagged: 7 }
    expect(runStatus(RUN, other, 'Copying').untagged).toBe(0)
  })

  test('counts copies once, however often they are proven', () => {
    const copies = { ...COUNTS, trashed: 5 }
    const once = runAtRest(fresh, { phase: 'WaitingForGarbageCollection', counts: copies })
    const twice = runAtRest(runStatus(RUN, once, 'Copying'), { phase: 'Succeeded', counts: copies })
    expect(twice.trashed).toBe(5)
  })

  test('says what is done and left of the phase, and rate and time left once they are known', () => {
    const progress = { stage: 'Sweeping', counts: COUNTS, done: 1, left: 9 } as const
    expect(runInProgress(fresh, { ...progress, perMinute: 60, timeLeftMs: 9_000 })).toMatchObject({
      ...{ phase: 'Sweeping', done: 1, left: 9, perMinute: 60, timeLeft: '9s' },
    })
    const unknown = runInProgress(fresh, { ...progress, perMinute: undefined, timeLeftMs: undefined })
    expect(unknown).not.toHaveProperty('timeLeft')
  })

  test('says, where it rests for a reason, what is done, what is left, and what makes it go on', () => {
    const said = (rest: Partial<Parameters<typeof runAtRest>[1]>, run = fresh) =>
      runAtRest(run, { phase: 'Stopped', counts: COUNTS, message: 'spec.suspend is true.', ...rest }).message
    const done = 'Gone are 1 of 1 tag and 0 of 1 manifest, 0 of both stay after all, 1 is left'
    expect(said({})).toBe(
      `spec.suspend is true. ${done}. It goes on by itself once nothing of that stands against it.`,
    )
    expect(said({ resumesAt: NOW })).toBe(
      `spec.suspend is true. ${done}. It goes on by itself at 2026-11-26T03:00:00Z.`,
    )
    expect(said({ finishedAt: NOW })).toContain(`${done}. It is over: they go by a later run.`)
    expect(said({ finishedAt: NOW }, { ...fresh, cause: 'Approved' })).toContain(
      'a plan that says so is approved',
    )
    expect(said({ counts: { ...COUNTS, swept: 1 } })).toMatch(/, 0 are left\.$/)
    const waiting = { phase: 'WaitingForGarbageCollection', resumesAt: NOW, message: 'Copies' } as const
    expect(said(waiting)).toBe('Copies')
  })

  test('joins the history when it is over, once', () => {
    const end = runAtRest(fresh, { phase: 'Succeeded', counts: COUNTS, finishedAt: NOW })
    const older = Array.from({ length: 12 }, (_, n) => ({
      ...end,
      id: `old-${n}`,
      finishedAt: '2026-11-25T03:00:00Z',
    }))
    const history = withHistory([...older, { ...end, finishedAt: '2026-11-26T02:00:00Z' }], end)
    expect(history).toHaveLength(10)
    expect(history[0]).toEqual({
      ...{ id: 'run-1', plan: 'sha256:1', phase: 'Succeeded', finishedAt: '2026-11-26T03:00:00Z' },
      ...{ bindings: 1, untagged: 1, swept: 0, spared: 0 },
    })
    expect(withHistory(undefined, fresh)).toEqual([])
  })
})

test.each([
  [0, '0s'],
  [59_001, '1m'],
  [90_000, '2m'],
  [3_600_000, '1h'],
  [3_660_000, '1h1m'],
])('%i ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
