import { expect, test } from 'vitest'
import { holdOn, holdToken } from '#controllers/evicted-hold.ts'
import { PolicyHolds } from '#controllers/policy-holds.ts'
import type { RegistryPolicyObject } from '#controllers/resources.ts'
import { Metrics } from '#runtime/metrics.ts'
import { ObjectMetrics } from '#runtime/object-metrics.ts'

const KEY = 'shop/main'
const policy = (releaseHold?: string): RegistryPolicyObject => ({
  ...{ apiVersion: 'tallyman.dev/v1alpha1', kind: 'RegistryPolicy', spec: { releaseHold } },
  metadata: { name: 'main', namespace: 'shop' },
})

function world() {
  const now = { policy: policy() }
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

test('S04: of two holds the newer one counts', () => {
  const { holds } = world()
  holds.add(KEY, holdOn('new', 2))
  holds.add(KEY, holdOn('old', 1))
  expect(holds.because(KEY)).toMatch(/^new\. /)
})
