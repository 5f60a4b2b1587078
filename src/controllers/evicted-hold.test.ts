import { describe, expect, test } from 'vitest'
import { holdOn, holdText, holdToken, standingHold } from '#controllers/evicted-hold.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'

function policy(spec: unknown, annotations: Record<string, string> = {}): RegistryPolicyObject {
  return {
    ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec },
    metadata: { name: 'web', namespace: 'apps', annotations },
  }
}

describe('S04: a policy of which something evicted came into use', () => {
  const hold = holdOn('shop/app:v1 was in use', 1_764_150_000_000)
  const token = holdToken(hold)

  test('is held, and says what to do', () => {
    const standing = standingHold(hold, policy({}))
    expect(standing).toEqual({ ...hold, token, refused: undefined })
    expect(standing === undefined ? '' : holdText(standing)).toBe(
      `shop/app:v1 was in use. Nothing goes until a human has looked why it was evicted: to go on, set spec.releaseHold: ${token}`,
    )
    expect(token).toMatch(/^hold-[0-9a-f]{12}$/)
    expect(standingHold(undefined, policy({}))).toBeUndefined()
  })

  test('says that what is written in place of its token is not it', () => {
    const standing = standingHold(hold, policy({ releaseHold: 'hold-123456789abc' }))
    expect(standing).toMatchObject({ token, refused: 'hold-123456789abc' })
    expect(standing === undefined ? '' : holdText(standing)).toMatch(
      new RegExp(`spec\\.releaseHold: ${token}; "hold-123456789abc", which it says, is not its token$`),
    )
  })

  test('goes on when a human has written its token', () => {
    expect(standingHold(hold, policy({ releaseHold: token }))).toBeUndefined()
  })

  test.each([
    ['the token is that of an earlier hold', policy({ releaseHold: holdToken(holdOn(hold.because, 1)) })],
    ['a plan is asked for', policy({}, { 'tallyman.dev/requestedAt': 'now' })],
    ['a plan is approved', policy({ approvedPlan: `sha256:${'a'.repeat(64)}` })],
    ['the spec is nothing that we understand', policy('releaseHold')],
  ])('is held on when %s', (_, changed) => {
    expect(standingHold(hold, changed)).toBeDefined()
  })
})
