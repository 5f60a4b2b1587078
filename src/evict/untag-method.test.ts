import { expect, test } from 'vitest'
import { untagMethod } from './untag-method.ts'

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
