import { expect, test } from 'vitest'
import { TallymanError } from '#catalogue/error.ts'
import { deletionMethod } from '#commands/deletion-method.ts'
import type { DeletionCapabilities, Product } from '#registry/client.ts'
import type { GoingTag } from '#retention/removal-request.ts'

const all: DeletionCapabilities = { tagDelete: 'supported', digestDelete: 'supported', readOnly: false }
const digest = 'sha256:1'
const bound = (tag: string, stays?: string) => ({ tag, digest, stays, follows: undefined })
const method = (
  changes: Partial<DeletionCapabilities>,
  { product = 'distribution-3', bindings = [bound('v1')], mayPlaceholder = false }: Partial<Case> = {},
) => deletionMethod({ repository: 'app', bindings }, { ...all, ...changes }, product, mayPlaceholder)

interface Case {
  readonly product: Product
  readonly bindings: readonly GoingTag[]
  readonly mayPlaceholder: boolean
}

test('tags go by their names, or under a placeholder where that is allowed', () => {
  expect(method({})).toBe('Native')
  expect(method({}, { mayPlaceholder: true })).toBe('Native')
  expect(method({ tagDelete: 'unsupported' }, { product: 'distribution-2' })).toBe('Placeholder')
  expect(method({ tagDelete: 'unsupported' }, { mayPlaceholder: true })).toBe('Placeholder')
})

test('S40: on a product on which no test has shown what goes along, a tag goes with its digest, or not at all', () => {
  const bindings = [bound('v1', 'prod names it too')]
  for (const product of ['unknown', 'distribution-2'] as const) {
    expect(method({}, { product })).toBe('WithDigests')
    expect(method({}, { product, mayPlaceholder: true })).toBe('Placeholder')
    expect(() => method({}, { product, bindings })).toThrow(
      /^app: v1 cannot go without .* with --placeholder /,
    )
  }
})

test('it is said why a registry deletes nothing', () => {
  expect(() => method({ digestDelete: 'disabled' })).toThrow('app: deleting is switched off in the registry')
  expect(() => method({ readOnly: true, digestDelete: 'disabled' })).toThrow(/maintenance mode/)
  expect(() => method({ digestDelete: 'unsupported' }, { mayPlaceholder: true })).toThrow(
    /no request that deletes a manifest/,
  )
  const error = new TallymanError('REGISTRY_FORBIDDEN', 'no')
  for (const support of ['denied', 'unknown'] as const) {
    expect(() => method({ digestDelete: support, error })).toThrow(error)
    expect(() => method({ tagDelete: support, error })).toThrow(error)
  }
})
