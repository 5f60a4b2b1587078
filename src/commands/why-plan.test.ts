import { afterAll, describe, expect, test } from 'vitest'
import type { LastPlan } from '#commands/last-plan.ts'
import type { PolicyAbout } from '#commands/policies-about.ts'
import { plannedBy } from '#commands/why-plan.ts'
import { RegistryPool } from '#registry/pool.ts'
import { systemClock } from '#time/clock.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const AT = Date.UTC(2026, 10, 26, 6, 7)
const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test' })
// Nobody listens there: what is said comes from the status alone.
const client = pool.client({ url: 'https://127.0.0.1:1', limits: { concurrency: 1 } })
afterAll(() => pool.close())

const removal = { digest: DIGEST, action: 'evict', reason: '2 newer digests', rule: 'newest' } as const
const LAST: LastPlan = {
  ...{ digest: DIGEST, at: AT, policy: 'uid-web', rules: 'sha256:0', isOfThisSpec: true },
  ...{ kept: undefined, unkept: undefined },
  removals: [{ image: 'r.example/team/shop/cart:v1', ...removal }],
}

function planned(plan: LastPlan | undefined, elsewhere?: string) {
  const policy: PolicyAbout = {
    ...{ cluster: 'prod', name: 'shop/web', mode: 'Approve', isSuspended: false, rules: [], runs: [] },
    ...{ refusal: undefined, plan },
    registry: {
      ...{ name: 'shop/hub', uid: 'uid-hub', url: new URL('https://r.example/team'), workspaces: [] },
      names: { host: 'r.example', aliases: [] },
      workspace: { prefix: 'tallyman', elsewhere },
      image: { repository: 'shop/cart', tag: 'v1' },
    },
  }
  return plannedBy(policy, { client, signal: new AbortController().signal })
}

async function verdictOn(plan: LastPlan, tag: string, digest = DIGEST) {
  const found = await planned(plan)
  if ('unknown' in found) throw new Error(found.unknown)
  return found.verdictOn(tag, digest)
}

describe('a plan that is kept nowhere', () => {
  test('says by the status what goes, whether that names the registry or not, and that the rest stays', async () => {
    const plain = { ...LAST, removals: [{ image: 'shop/cart:v1', ...removal }] }
    for (const plan of [LAST, plain]) {
      expect(await verdictOn(plan, 'v1')).toMatchObject({ action: 'evict', reason: '2 newer digests' })
      expect(await verdictOn(plan, 'v1', `sha256:${'b'.repeat(64)}`)).toBeUndefined()
      expect(await verdictOn(plan, 'v2')).toMatchObject({ action: 'keep', code: null })
    }
    const other = { ...LAST, removals: [{ image: 'other/shop/cart:v1', ...removal }] }
    expect(await verdictOn(other, 'v1')).toMatchObject({ action: 'keep' })
  })

  test.each<[string, LastPlan | undefined, string | undefined, RegExp]>([
    ['none was made', undefined, undefined, /^it has made no plan yet$/],
    [
      'more goes than a status names',
      { ...LAST, removals: undefined },
      undefined,
      /shop\/hub has no workspace/,
    ],
    ['it is of another spec', { ...LAST, isOfThisSpec: false }, undefined, /shop\/hub has no workspace/],
    [
      'it could not be kept',
      { ...LAST, removals: undefined, unkept: 'not kept: no' },
      undefined,
      /^not kept: no$/,
    ],
    [
      'it lies elsewhere',
      { ...LAST, removals: undefined, kept: DIGEST },
      'shop/b',
      /lies in Registry shop\/b and/,
    ],
  ])('is not known where %s, and it is said why', async (_what, plan, elsewhere, why) => {
    expect(await planned(plan, elsewhere)).toEqual({ unknown: expect.stringMatching(why) })
  })
})
