import { describe, expect, test } from 'vitest'
import { lastPlan } from '#commands/last-plan.ts'
import { rulesHash } from '#retention/rules-hash.ts'
import type { CustomObject } from '#runtime/custom-object.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const TIME = '2026-11-26T06:07:00Z'
const rules = [{ name: 'newest', repositories: ['**'], keep: { newest: 1 } }]
const COUNTS = { repositories: 1, tags: 3, keep: 2, untag: 0, evict: 1, digests: 1, reclaimableBytes: 0 }
const PLAN = { digest: DIGEST, time: TIME, ...COUNTS, reclaimable: '0 B' }
const EVICTION = {
  image: 'shop/cart:v1',
  digest: DIGEST,
  action: 'Evict',
  reason: '2 newer digests',
  rule: 'newest',
}

function planOf(status: object, ready: object = {}) {
  const condition = { type: 'PlanReady', status: 'True', reason: 'Planned', message: '', ...ready }
  const object: CustomObject = {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: {} },
    metadata: { namespace: 'shop', name: 'web', uid: 'uid-web', generation: 2 },
    status: {
      ...{ plan: PLAN, evictions: [EVICTION] },
      conditions: [{ observedGeneration: 2, lastTransitionTime: TIME, ...condition }],
      ...status,
    },
  }
  return lastPlan(object, { rules })
}

describe('the last plan of a policy', () => {
  test('is the one of its status, with all that goes where the status names that', () => {
    const reference = `registry.example.com/tallyman/plans/shop/web@${DIGEST}`
    expect(planOf({ plan: { ...PLAN, report: { reference, time: TIME } } })).toEqual({
      ...{ digest: DIGEST, at: Date.parse(TIME), policy: 'uid-web', rules: rulesHash(rules) },
      ...{ isOfThisSpec: true, kept: DIGEST, unkept: undefined },
      removals: [
        {
          ...{ image: 'shop/cart:v1', digest: DIGEST, action: 'evict' },
          reason: '2 newer digests',
          rule: 'newest',
        },
      ],
    })
    expect(planOf({ plan: { ...PLAN, untag: 1 } })?.removals).toBeUndefined()
    expect(planOf({ plan: { ...PLAN, report: { time: TIME, message: 'no' } } })).toMatchObject({
      ...{ kept: undefined, unkept: 'no' },
    })
  })

  test('is of another spec until one was made with this one', () => {
    expect(planOf({}, { observedGeneration: 1 })?.isOfThisSpec).toBe(false)
    expect(planOf({}, { status: 'Unknown', reason: 'NotPlannedYet' })?.isOfThisSpec).toBe(false)
    expect(planOf({}, { status: 'False', reason: 'PlanBlocked' })?.isOfThisSpec).toBe(true)
  })

  test('is none where none was made, or nothing can be made of the status', () => {
    expect(planOf({ plan: undefined })).toBeUndefined()
    expect(planOf({ plan: { digest: 7 } })).toBeUndefined()
  })
})
