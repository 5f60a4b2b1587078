import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import type { Condition } from '#crds/meta.ts'
import { MAX_MESSAGE, removeCondition, setCondition } from '#runtime/conditions.ts'
import {
  type KstatusFields,
  markProgressing,
  markReady,
  markRetrying,
  markStalled,
} from '#runtime/kstatus-marks.ts'
import { checkKstatus } from '#test/harness/kstatus.ts'
import { computeKstatus } from '#test/harness/kstatus-result.ts'

const T1 = Date.UTC(2026, 0, 1, 12, 0, 0, 900)
const T2 = T1 + 60_000

describe('a condition', () => {
  test('keeps its transition time until its status changes', () => {
    const ok = { type: 'Healthy', status: 'True', reason: 'AllHealthy', message: '3 images' } as const
    const first = setCondition([], ok, { generation: 1, now: T1 })
    const again = setCondition(first, { ...ok, message: '4 images' }, { generation: 2, now: T2 })
    expect(again).toEqual([
      { ...ok, message: '4 images', observedGeneration: 2, lastTransitionTime: '2026-01-01T12:00:00Z' },
    ])
    const bad = { ...ok, status: 'False', reason: 'ProblemsFound' } as const
    const changed = setCondition(again, bad, { generation: 2, now: T2 })
    expect(changed[0]?.lastTransitionTime).toBe('2026-01-01T12:01:00Z')
  })

  test('stands in its place: Stalled, Reconciling, Ready, then the verdicts', () => {
    let conditions: Condition[] = []
    for (const type of ['Synced', 'Ready', 'Healthy', 'Reconciling', 'Stalled'] as const) {
      conditions = setCondition(
        conditions,
        { type, status: 'True', reason: 'Progressing', message: '' },
        { generation: 1, now: T1 },
      )
    }
    expect(conditions.map(({ type }) => type)).toEqual([
      'Stalled',
      'Reconciling',
      'Ready',
      'Healthy',
      'Synced',
    ])
    expect(removeCondition(conditions, 'Stalled', 'Ready').map(({ type }) => type)).toEqual([
      'Reconciling',
      'Healthy',
      'Synced',
    ])
  })

  test('has a message that the API server accepts, without what URLs carry secretly', () => {
    const message = `GET https://user:pw@r.example/v2/a?sig=abc failed${'x'.repeat(40_000)}`
    const [condition] = setCondition(
      [],
      { type: 'Ready', status: 'False', reason: 'Unreachable', message },
      { generation: 1, now: T1 },
    )
    expect(condition?.message).toHaveLength(MAX_MESSAGE)
    expect(condition?.message).toMatch(/^GET https:\/\/r\.example\/v2\/a failed.*…$/)
  })
})

describe('the marks of a reconciliation', () => {
  const stamp = { generation: 3, now: T1 }
  const before: KstatusFields = {
    observedGeneration: 2,
    conditions: markReady({}, { generation: 2, now: T1 }, 'ok').conditions,
  }
  const down = new TallymanError('REGISTRY_UNREACHABLE', 'connect ECONNREFUSED')
  const seen = (status: KstatusFields) => ({ metadata: { generation: 3 }, status })

  test('progressing: Ready is Unknown, the observed generation stays', () => {
    const status = markProgressing(before, stamp, 'probing the registry')
    checkKstatus(seen(status), 'running')
    expect([computeKstatus(seen(status)), status.observedGeneration]).toEqual(['InProgress', 2])
    expect(() => checkKstatus(seen(status))).toThrow('Ready must be False when a reconciliation has ended')
  })

  test('retrying: Ready is False and says why and what to do, the observed generation stays', () => {
    const status = markRetrying(before, stamp, 'Unreachable', down)
    checkKstatus(seen(status))
    expect([computeKstatus(seen(status)), status.observedGeneration]).toEqual(['InProgress', 2])
    expect(status.conditions).toMatchObject([
      { type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry' },
      {
        type: 'Ready',
        status: 'False',
        reason: 'Unreachable',
        message: expect.stringMatching(/ECONNREFUSED\. Check spec\.url/),
      },
    ])
  })

  test('stalled: the generation was observed, nothing is tried', () => {
    const status = markStalled(
      markProgressing(before, stamp, ''),
      stamp,
      'SpecInvalid',
      new TallymanError('SPEC_INVALID', 'spec.interval'),
    )
    checkKstatus(seen(status))
    expect([computeKstatus(seen(status)), status.observedGeneration]).toEqual(['Failed', 3])
  })

  test('ready: only Ready is left', () => {
    const status = markReady(markStalled(before, stamp, 'SpecInvalid', down), stamp, 'probed')
    checkKstatus(seen(status))
    expect([computeKstatus(seen(status)), status.observedGeneration]).toEqual(['Current', 3])
    expect(status.conditions.map(({ type }) => type)).toEqual(['Ready'])
  })

  test('in any order and over any generations they keep the rules of kstatus', () => {
    const mark = fc.constantFrom('progressing', 'retrying', 'stalled', 'ready')
    fc.assert(
      fc.property(fc.array(fc.tuple(mark, fc.boolean()), { minLength: 1, maxLength: 20 }), (steps) => {
        let generation = 1
        let status: KstatusFields = { observedGeneration: -1 }
        for (const [step, edited] of steps) {
          if (edited) generation += 1
          const at = { generation, now: T1 }
          if (step === 'progressing') status = markProgressing(status, at, 'work')
          else if (step === 'retrying') status = markRetrying(status, at, 'Unreachable', down)
          else if (step === 'stalled') status = markStalled(status, at, 'SpecInvalid', down)
          else status = markReady(status, at, 'done')
          checkKstatus({ metadata: { generation }, status }, 'running')
        }
      }),
    )
  })
})

describe('the result of kstatus', () => {
  test.each([
    ['Terminating', { generation: 1, deletionTimestamp: '2026-01-01T00:00:00Z' }, { observedGeneration: 1 }],
    ['InProgress', { generation: 2 }, { observedGeneration: 1 }],
    ['InProgress', { generation: 1 }, { observedGeneration: -1 }],
    ['Current', { generation: 1 }, undefined],
    [
      'InProgress',
      { generation: 1 },
      { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'False' }] },
    ],
  ] as const)('is %s', (result, metadata, status) => {
    expect(computeKstatus({ metadata, status })).toBe(result)
  })
})

test('the checker lists every violation', () => {
  const condition = {
    reason: 'Succeeded',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const object = {
    metadata: { generation: 2 },
    status: {
      observedGeneration: 3,
      conditions: [
        { ...condition, type: 'Reconciling', status: 'True' },
        { ...condition, type: 'Stalled', status: 'False', observedGeneration: undefined },
        { ...condition, type: 'Ready', status: 'True', reason: 'all good' },
      ],
    },
  }
  expect(() => checkKstatus(object)).toThrowErrorMatchingInlineSnapshot(`
    [Error: kstatus rules are broken:
    - only one of Reconciling and Stalled may be present
    - Ready must not be True while Reconciling is True
    - Stalled: to be removed, not set to False
    - status.observedGeneration 3 is above metadata.generation 2
    - Reconciling, Stalled, Ready: observedGeneration must be 2 while Ready is True
    - Stalled: without observedGeneration
    - Ready: the reason must be PascalCase
    {
      "generation": 2,
      "status": {
        "observedGeneration": 3,
        "conditions": [
          {
            "reason": "Succeeded",
            "message": "",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "type": "Reconciling",
            "status": "True"
          },
          {
            "reason": "Succeeded",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "type": "Stalled",
            "status": "False"
          },
          {
            "reason": "all good",
            "message": "",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "type": "Ready",
            "status": "True"
          }
        ]
      }
    }]
  `)
  expect(() => checkKstatus({ metadata: {} })).toThrow('Ready must always be present')
})
