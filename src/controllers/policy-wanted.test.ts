import { expect, test } from 'vitest'
import { type PolicyNow, whyUnwanted } from '#controllers/policy-wanted.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'

const apiVersion = 'tallyman.dev/v1alpha1'

function policy(spec: object = {}, metadata: object = {}): RegistryPolicyObject {
  return {
    ...{ apiVersion, kind: 'RegistryPolicy', spec: { mode: 'Enforce', suspend: false, ...spec } },
    metadata: { name: 'main', namespace: 'shop', uid: 'p', generation: 1, ...metadata },
  }
}

function registry(metadata: object = {}): RegistryObject {
  return {
    ...{ apiVersion, kind: 'Registry', spec: {} },
    metadata: { name: 'main', namespace: 'shop', uid: 'r', generation: 1, ...metadata },
  }
}

const THEN = { policy: policy(), registry: registry() }
const whyNow = (changes: Partial<PolicyNow>) => whyUnwanted(THEN, { ...THEN, held: undefined, ...changes })

test('S21: a policy that is as it was goes on, also with other limits', () => {
  expect(whyNow({})).toBeUndefined()
  expect(whyNow({ policy: policy({ soak: '1h' }, { generation: 2 }) })).toBeUndefined()
})

test.each([
  ['S21', 'it is suspended', { policy: policy({ suspend: true }) }, /^spec\.suspend is true$/],
  ['S21', 'it only plans', { policy: policy({ mode: 'DryRun' }) }, /^spec\.mode is DryRun$/],
  ['S21', 'it is gone', { policy: undefined }, /^the RegistryPolicy is gone$/],
  [
    ...(['S21', 'it is being deleted'] as const),
    { policy: policy({}, { deletionTimestamp: '2026-11-26T10:00:00Z' }) },
    /^the RegistryPolicy is gone$/,
  ],
  ['S21', 'another one has its name', { policy: policy({}, { uid: 'q' }) }, /another one has its name$/],
  ['S04', 'it is held', { held: 'a human has to look' }, /^a human has to look$/],
  ['S01', 'its Registry has another spec', { registry: registry({ generation: 2 }) }, /^Registry main was /],
  ['S01', 'its Registry is another one', { registry: registry({ uid: 's' }) }, /^Registry main was changed$/],
  ['S01', 'its Registry is gone', { registry: undefined }, /^Registry main was changed$/],
] as const)('%s: nothing of a policy goes once %s', (_rule, _what, changes, why) => {
  expect(whyNow(changes)).toMatch(why)
})
