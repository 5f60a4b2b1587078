import { describe, expect, test } from 'vitest'
import { holdOn, standingHold } from '#controllers/evicted-hold.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'

function policy(generation: number, requestedAt?: string): RegistryPolicyObject {
  const annotations = requestedAt === undefined ? {} : { 'tallyman.dev/requestedAt': requestedAt }
  return {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: {} },
    metadata: { name: 'web', namespace: 'apps', generation, annotations },
  }
}

describe('S04: a policy of which something evicted came into use', () => {
  const hold = holdOn(policy(3, 'before'), 'shop/app:v1 was in use', 0)

  test('is held, and says what to do', () => {
    expect(standingHold(hold, policy(3, 'before'))).toMatch(
      /^shop\/app:v1 was in use\. Nothing goes until a human .* tallyman\.dev\/requestedAt/,
    )
    expect(standingHold(undefined, policy(3))).toBeUndefined()
  })

  test('goes on when a human changed the spec, or asked for it', () => {
    expect(standingHold(hold, policy(4, 'before'))).toBeUndefined()
    expect(standingHold(hold, policy(3, 'now'))).toBeUndefined()
    expect(standingHold(hold, policy(3))).toBeUndefined()
  })
})
