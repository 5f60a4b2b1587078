import { expect, test } from 'vitest'
import { holdOn, holdToken } from '#controllers/evicted-hold.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import { heldPolicy } from '#controllers/policy-status.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import { Metrics } from '#runtime/metrics.ts'
import { ObjectMetrics } from '#runtime/object-metrics.ts'

const KEY = 'shop/main'
const policy = (releaseHold?: string): RegistryPolicyObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: { releaseHold } },
  metadata: { name: 'main', namespace: 'shop' },
})

function world(now = { policy: policy() }) {
  const metrics = new Metrics()
  const holds = new PolicyHolds({ get: () => now.policy }, new ObjectMetrics(metrics))
  const held = async () =>
    (await metrics.render())
      .split('\n')
      .find((line) => line.startsWith('tallyman_policy_held{'))
      ?.at(-1)
  return { now, holds, held }
}

test('S04: a policy that is held is measured as long as nobody has looked', async () => {
  const { now, holds, held } = world()
  holds.measure(KEY)
  expect(await held()).toBe('0')
  const hold = holdOn('an image that stays is not whole', 1)
  holds.add(KEY, hold)
  expect(await held()).toBe('1')
  expect(holds.because(KEY)).toMatch(/^an image that stays is not whole\. /)
  now.policy = policy(holdToken(hold))
  holds.measure(KEY)
  expect(await held()).toBe('0')
  expect(holds.because(KEY)).toBeUndefined()
})

test('S04: what the status tells holds a leader that finds it in no record, by the same token', () => {
  const { now, holds } = world()
  const hold = holdOn('came into use', 1_764_150_000_123)
  const token = holdToken(hold)
  holds.add(KEY, hold)
  const standing = holds.standing(KEY)
  if (standing === undefined) throw new Error('it does not stand')
  const next = (releaseHold?: string) => {
    now.policy = { ...policy(releaseHold), status: heldPolicy({}, standing, hold.since) }
    const { holds: anew } = world(now)
    return anew
  }
  expect(next().standing(KEY)).toEqual({ ...hold, token, refused: undefined })
  expect(next(token).standing(KEY)).toBeUndefined()
  const later = next()
  later.add(KEY, holdOn('a newer one', hold.since + 1))
  expect(later.because(KEY)).toMatch(/^a newer one\. /)
})

test('S04: of two holds the newer one counts', () => {
  const { holds } = world()
  holds.add(KEY, holdOn('new', 2))
  holds.add(KEY, holdOn('old', 1))
  expect(holds.because(KEY)).toMatch(/^new\. /)
})
