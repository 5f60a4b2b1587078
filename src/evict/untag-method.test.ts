import { expect, test } from 'vitest'
import { untagMethod } from './untag-method.ts'

test.each([
  ['distribution-3', 'supported', 'supported', 'Auto', 'Native'],
  ['distribution-3', 'supported', 'disabled', 'Auto', 'Native'],
  ['distribution-3', 'unsupported', 'supported', 'Auto', undefined],
  ['distribution-3', 'unsupported', 'supported', 'Allowed', 'Placeholder'],
  ['distribution-2', 'unsupported', 'supported', 'Auto', 'Placeholder'],
  ['distribution-2', 'unsupported', 'supported', 'Forbidden', undefined],
  ['distribution-2', 'unsupported', 'disabled', 'Auto', undefined],
  ['unknown', 'unsupported', 'supported', 'Auto', undefined],
  ['unknown', 'denied', 'denied', 'Allowed', undefined],
  ['unknown', 'unknown', 'unknown', 'Allowed', undefined],
] as const)(
  'on %s, tag delete %s, digest delete %s, a placeholder %s: %s',
  (product, tagDelete, digestDelete, use, method) => {
    expect(untagMethod({ tagDelete, digestDelete }, product, use)).toBe(method)
  },
)

test('S40: no tag goes by its name on a product on which no test has shown what goes along, nor where one only answers like distribution 2', () => {
  const found = { tagDelete: 'supported', digestDelete: 'supported' } as const
  for (const product of ['unknown', 'distribution-2'] as const) {
    expect(untagMethod(found, product, 'Auto')).toBeUndefined()
    expect(untagMethod(found, product, 'Allowed')).toBe('Placeholder')
  }
})
