import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { deletionMethod } from '#commands/deletion-method.ts'
import type { DeletionCapabilities } from '#registry/client.ts'

const all: DeletionCapabilities = { tagDelete: 'supported', digestDelete: 'supported', readOnly: false }
const method = (changes: Partial<DeletionCapabilities>, mayPlaceholder = false) =>
  deletionMethod('app', { ...all, ...changes }, mayPlaceholder)

test('tags go by their names, or under a placeholder where that is allowed', () => {
  expect(method({})).toBe('Native')
  expect(method({}, true)).toBe('Native')
  expect(method({ tagDelete: 'unsupported' }, true)).toBe('Placeholder')
  expect(() => method({ tagDelete: 'unsupported' })).toThrow(/^app: .* with --placeholder /)
})

test('it is said why a registry deletes nothing', () => {
  expect(() => method({ digestDelete: 'disabled' })).toThrow('app: deleting is switched off in the registry')
  expect(() => method({ readOnly: true, digestDelete: 'disabled' })).toThrow(/maintenance mode/)
  expect(() => method({ digestDelete: 'unsupported' }, true)).toThrow(/no request that deletes a manifest/)
  const error = new TallymanError('REGISTRY_FORBIDDEN', 'no')
  for (const support of ['denied', 'unknown'] as const) {
    expect(() => method({ digestDelete: support, error })).toThrow(error)
    expect(() => method({ tagDelete: support, error })).toThrow(error)
  }
})
