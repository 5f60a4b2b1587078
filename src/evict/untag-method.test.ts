import { expect, test } from 'vitest'
import { mayPlaceholder, untagMethod } from './untag-method.ts'

test.each([
  ['supported', 'supported', true, 'Native'],
  ['supported', 'disabled', false, 'Native'],
  ['unsupported', 'supported', true, 'Placeholder'],
  ['unsupported', 'supported', false, undefined],
  ['unsupported', 'disabled', true, undefined],
  ['denied', 'denied', true, undefined],
  ['unknown', 'unknown', true, undefined],
] as const)(
  'tag delete %s, digest delete %s, placeholder allowed: %s',
  (tagDelete, digestDelete, may, method) => {
    expect(untagMethod({ tagDelete, digestDelete, readOnly: false }, may)).toBe(method)
  },
)

test.each([
  ['Auto', 'distribution-2', true],
  ['Auto', 'distribution-3', false],
  ['Auto', 'unknown', false],
  ['Allowed', 'unknown', true],
  ['Forbidden', 'distribution-2', false],
] as const)('a placeholder with %s on %s: %s', (use, product, may) => {
  expect(mayPlaceholder(use, product)).toBe(may)
})
