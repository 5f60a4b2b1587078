import { describe, expect, test } from 'vitest'
import {
  heldPolicy,
  NOT_PLANNED,
  type PlanFigures,
  statusAfterPlan,
  statusWithPlanVerdict,
  withNextPlan,
  withStandingHold,
} from '#controllers/policy-status.ts'
import { planVerdict } from '#controllers/policy-verdict.ts'
import { EVICTIONS_IN_STATUS } from '#crds/registry-policy-plan.ts'
import type { Block } from '#retention/blocks.ts'
import { judged } from '#test/harness/judging.ts'
import { imageFacts, READ_AT, repositoryFacts } from '#test/harness/registry-facts.ts'
import { planOf } from '#test/harness/retention-at-once.ts'

const images = Array.from({ length: 40 }, (_, n) => imageFacts(`i${n}`, 10 + n))
const tags = Object.fromEntries(images.map((image, n) => [`v${String(n).padStart(3, '0')}`, image]))
const judgement = judged({ repositories: [repositoryFacts('app', tags)], manifests: images })
const plan = planOf(judgement, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'sha256:1' })
const soft: Block = { code: 'TooManyEvictions', message: 'too many', isAcceptable: true }
const FIGURES: PlanFigures = {
  ...{
    plan,
    from: 'r.example/team/',
    readAt: READ_AT,
    blocks: [],
    difference: undefined,
    incomplete: 0,
    untaggedInUse: { count: 0, first: [] },
    unmatchedRules: [],
    shadowedRules: [],
    soaking: undefined,
    unmatchedRestores: [],
  },
}

describe('the status of a policy that is held', () => {
  const hold = { token: 'hold-b', since: READ_AT, because: 'it was in use', refused: undefined }

  test('has the token and what to look at, and what is written in its place', () => {
    const held = heldPolicy({ observedGeneration: 3 }, hold, READ_AT)
    expect(held.hold).toEqual({
      token: 'hold-b',
      since: '2026-11-01T00:00:00.000Z',
      because: 'it was in use',
    })
    expect(held.conditions).toMatchObject([{ type: 'PlanReady', status: 'False', reason: 'Held' }])
    expect(withStandingHold(held, { ...hold, refused: 'hold-a' }).hold).toMatchObject({
      refusedToken: 'hold-a',
    })
    expect(withStandingHold(held, undefined)).not.toHaveProperty('hold')
  })
})

describe('the time of the next plan', () => {
  const stamp = { generation: 3, now: READ_AT }

  test('stands until none can be made, or none is due by time', () => {
    const told = withNextPlan({}, READ_AT + 999)
    expect(told).toEqual({ nextPlanTime: '2026-11-01T00:00:00Z' })
    const verdict = planVerdict(FIGURES, { mode: 'DryRun' }, undefined)
    expect(statusWithPlanVerdict(told, verdict, stamp)).toMatchObject(told)
    expect(statusWithPlanVerdict(told, NOT_PLANNED, stamp)).not.toHaveProperty('nextPlanTime')
    expect(withNextPlan(told, Number.POSITIVE_INFINITY)).toEqual({})
  })
})

describe('the status after a plan', () => {
  const stamp = { generation: 3, now: READ_AT }
  const verdict = planVerdict(FIGURES, { mode: 'DryRun' }, undefined)

  test('is a summary with a bound', () => {
    const status = statusAfterPlan({}, FIGURES, verdict, stamp)
    expect(status.evictions).toHaveLength(EVICTIONS_IN_STATUS)
    expect(status.evictions?.[0]).toMatchObject({
      image: 'r.example/team/app:v001',
      action: 'Evict',
      rule: 'newest',
    })
    expect(status.plan).toMatchObject({ digest: plan.digest, tags: 40, keep: 1, evict: 39 })
    expect(status).not.toHaveProperty('blocks')
    expect(status.plan).not.toHaveProperty('incomplete')
    const why = {
      incomplete: 2,
      incompleteBecause: 'shop/app: it lists no tags, and an image of it is in use',
    }
    expect(statusAfterPlan({}, { ...FIGURES, ...why }, verdict, stamp).plan).toMatchObject(why)
  })

  test('forgets what stood against the plan before, and keeps what is said elsewhere', () => {
    const before = {
      ...{ blocks: [{ code: 'NotTrusted', message: 'm', approvable: false }], history: [] },
    }
    const status = statusAfterPlan(before, FIGURES, verdict, stamp)
    expect(status).not.toHaveProperty('blocks')
    expect(status).toMatchObject({ history: [] })
    expect(statusAfterPlan({}, { ...FIGURES, blocks: [soft] }, verdict, stamp).blocks).toEqual([
      { code: 'TooManyEvictions', message: 'too many', approvable: true },
    ])
  })

  test('S14: names what is in use without a tag', () => {
    const first = ['r.example/team/app@sha256:1', 'r.example/team/app@sha256:2']
    const { plan: shown } = statusAfterPlan(
      {},
      { ...FIGURES, untaggedInUse: { count: 12, first } },
      verdict,
      stamp,
    )
    expect(shown).toMatchObject({ untaggedInUse: 12, untaggedInUseFirst: first })
    expect(statusAfterPlan({}, FIGURES, verdict, stamp).plan).not.toHaveProperty('untaggedInUse')
  })

  test('names rules that match nothing, and says how long what goes has to wait', () => {
    const soaking = { count: 3, firstAt: READ_AT, lastAt: READ_AT + 1_000 }
    const status = statusAfterPlan({}, { ...FIGURES, unmatchedRules: ['prdo'], soaking }, verdict, stamp)
    expect(status.plan).toMatchObject({
      unmatchedRules: ['prdo'],
      soak: { waiting: 3, firstAt: '2026-11-01T00:00:00Z', lastAt: '2026-11-01T00:00:01Z' },
    })
    const next = statusAfterPlan(status, FIGURES, verdict, stamp).plan
    expect(next).not.toHaveProperty('unmatchedRules')
    expect(next).not.toHaveProperty('soak')
  })

  test('names rules of which earlier ones have everything', () => {
    const shadowed = statusAfterPlan({}, { ...FIGURES, shadowedRules: ['prod'] }, verdict, stamp)
    expect(shadowed.plan).toMatchObject({ shadowedRules: ['prod'] })
    expect(statusAfterPlan(shadowed, FIGURES, verdict, stamp).plan).not.toHaveProperty('shadowedRules')
  })

  test('names what spec.restore asks for in vain, also while nobody can look whether it still does', () => {
    const unmatchedRestores = ['shop/cart:v9']
    const status = statusAfterPlan({}, { ...FIGURES, unmatchedRestores }, verdict, stamp)
    expect(status).toMatchObject({ unmatchedRestores })
    const unknown = { ...FIGURES, unmatchedRestores: undefined }
    expect(statusAfterPlan(status, unknown, verdict, stamp)).toMatchObject({ unmatchedRestores })
    expect(statusAfterPlan(status, FIGURES, verdict, stamp)).not.toHaveProperty('unmatchedRestores')
  })
})
