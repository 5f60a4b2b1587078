import { describe, expect, test } from 'vitest'
import { holdOn, standingHold } from '#controllers/evicted-hold.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'

function policy(more: { requestedAt?: string; spec?: object } = {}): RegistryPolicyObject {
  const { requestedAt, spec = { approvedPlan: 'sha256:a' } } = more
  const annotations = requestedAt === undefined ? {} : { 'tallyman.dev/requestedAt': requestedAt }
  return {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec },
    metadata: { name: 'web', namespace: 'apps', annotations },
  }
}

describe('S04: a policy of which something evicted came into use', () => {
  const hold = holdOn(policy({ requestedAt: 'before' }), 'shop/app:v1 was in use', 0)

  test('is held, and says what to do', () => {
    expect(standingHold(hold, policy({ requestedAt: 'before' }))).toMatch(
      /^shop\/app:v1 was in use\. Nothing goes until a human .* tallyman\.dev\/requestedAt .* spec\.approvedPlan/,
    )
    expect(standingHold(undefined, policy())).toBeUndefined()
  })

  test('goes on when a human approved a plan, or asked for it', () => {
    expect(standingHold(hold, policy({ requestedAt: 'now' }))).toBeUndefined()
    const spec = { approvedPlan: 'sha256:b' }
    expect(standingHold(hold, policy({ requestedAt: 'before', spec }))).toBeUndefined()
  })

  test.each([
    ['the annotation was taken away, as GitOps does with what Git has not', policy()],
    [
      'a bot changed the spec',
      policy({ requestedAt: 'before', spec: { approvedPlan: 'sha256:a', rules: [] } }),
    ],
    ['the approval was taken back', policy({ requestedAt: 'before', spec: {} })],
    ['the spec is nothing that we understand', policy({ requestedAt: 'before', spec: { approvedPlan: 7 } })],
  ])('is held on when %s', (_, changed) => {
    expect(standingHold(hold, changed)).toBeDefined()
  })
})
