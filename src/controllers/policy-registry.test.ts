import { expect, test } from 'vitest'
import { policyWith } from '#test/harness/policy-carrier.ts'
import { namedRegistry } from './policy-registry.ts'

const registry = {
  apiVersion: 'tallyman.dev/v1alpha1',
  kind: 'Registry',
  metadata: { name: 'main' },
  spec: {},
}
const registries = { get: (key: string) => (key === 'shop/main' ? registry : undefined) }

test('S04: the Registry of a policy is known, whatever is wrong with the rest of its spec', () => {
  expect(namedRegistry(policyWith({ registryRef: { name: 'main' }, rules: 'none' }), registries)).toBe(
    registry,
  )
})

test.each([
  ['nothing', {}],
  ['another one', { registryRef: { name: 'other' } }],
  ['no object', { registryRef: 'main' }],
  ['null', { registryRef: null }],
  ['a number', { registryRef: { name: 1 } }],
])('a reference that is %s names none', (_what, spec) => {
  expect(namedRegistry(policyWith(spec), registries)).toBeUndefined()
})
