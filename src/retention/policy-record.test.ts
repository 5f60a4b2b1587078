import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  EMPTY_RECORD,
  inherited,
  joined,
  MADE_ANEW,
  type OpenRun,
  type PolicyRecord,
  trimmed,
} from '#retention/policy-record.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY

const approval = (plan: string, usedAt: number) => ({ plan, usedAt, run: `run of ${plan}` })
const ended = (id: string, finishedAt: number) => ({
  ...{ id, plan: 'p', startedAt: finishedAt - 1, finishedAt, repositories: ['app'] },
})
const OPEN: OpenRun = {
  ...{ registry: { uid: 'u', url: 'https://r.example' }, mark: 'm' },
  ...{ id: 'open', plan: 'p', startedAt: 7, resumesAt: undefined, repositories: ['app'] },
  cause: 'Enforced',
  bindings: [{ repository: 'app', tag: 'a', digest: 'A' }],
  digests: [],
}

describe('S12: an approval that was used', () => {
  test('is forgotten when a later one is 400 days newer', () => {
    const approvals = [
      approval('old', NOW - 401 * DAY),
      approval('kept', NOW - 400 * DAY),
      approval('new', NOW),
    ]
    expect(trimmed({ ...EMPTY_RECORD, approvals }, NOW).approvals.map(({ plan }) => plan)).toEqual([
      ...['kept', 'new'],
    ])
  })

  test('is not forgotten by a clock that was put forward', () => {
    const approvals = [approval('only', NOW)]
    expect(trimmed({ ...EMPTY_RECORD, approvals }, NOW + 10_000 * DAY).approvals).toEqual(approvals)
  })

  test('is known from either record', () => {
    const a = { ...EMPTY_RECORD, approvals: [approval('x', 1), approval('y', 2)] }
    const b = { ...EMPTY_RECORD, approvals: [approval('y', 3), approval('z', 4)] }
    expect(joined(a, b).approvals).toEqual([approval('x', 1), approval('y', 2), approval('z', 4)])
  })
})

test('a pin is forgotten a month after its time, and a run after a thousand newer ones', () => {
  const restored = [
    { repository: 'app', tag: 'over', until: NOW - 32 * DAY },
    { repository: 'app', tag: 'just over', until: NOW - 30 * DAY },
    { repository: 'app', tag: 'on', until: NOW + DAY },
  ]
  const runs = Array.from({ length: 1_010 }, (_, n) => ended(`run-${n}`, NOW - n))
  const left = trimmed({ ...EMPTY_RECORD, restored, runs, run: OPEN }, NOW)
  expect(left.restored.map(({ tag }) => tag)).toEqual(['just over', 'on'])
  expect(left.runs).toEqual(runs.slice(0, 1_000))
  expect(left.run).toEqual(OPEN)
})

test('runs of two records are one history, newest first', () => {
  const a = { ...EMPTY_RECORD, runs: [ended('c', 3), ended('a', 1)] }
  const b = { ...EMPTY_RECORD, run: OPEN, runs: [ended('b', 2), ended('a', 1)] }
  expect(joined(a, b).runs.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
  expect(joined(a, b).run).toEqual(OPEN)
})

test('S21: a policy of the same name does not go on with the run of one that is gone', () => {
  const record: PolicyRecord = { ...EMPTY_RECORD, approvals: [approval('x', 1)], run: OPEN }
  const { run, ...rest } = inherited(record)
  expect(run).toEqual({ ...OPEN, mark: MADE_ANEW, resumesAt: undefined })
  const { run: _, ...others } = record
  expect(rest).toEqual(others)
  expect(inherited({ ...record, run: undefined })).toEqual({ ...record, run: undefined })
})

test('S04: a policy that is made anew is held as the one before was', () => {
  const hold = { since: 1, because: 'shop:v1 came into use' }
  expect(inherited({ ...EMPTY_RECORD, run: OPEN, hold }).hold).toEqual(hold)
  expect(inherited({ ...EMPTY_RECORD, hold }).hold).toEqual(hold)
})

test('a record that is joined to itself, or trimmed twice, is the same', () => {
  const time = fc.nat({ max: 2_000 }).map((days) => days * DAY)
  const approvals = fc.uniqueArray(fc.tuple(fc.string(), time), { selector: ([plan]) => plan })
  fc.assert(
    fc.property(approvals, time, (used, now) => {
      const record = { ...EMPTY_RECORD, approvals: used.map(([plan, at]) => approval(plan, at)) }
      expect(joined(record, record)).toEqual(record)
      const once = trimmed(record, now)
      expect(trimmed(once, now)).toEqual(once)
    }),
  )
})
