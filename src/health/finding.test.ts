import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findingKey, platformText } from '#health/finding.ts'

describe('the key of a finding', () => {
  test('is the same for the same finding only', () => {
    const finding = fc.record({
      image: fc.string({ maxLength: 4 }),
      code: fc.constantFrom('LayerMissing', 'TagMissing'),
      platform: fc.option(fc.string({ minLength: 1, maxLength: 4 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(finding, finding, (one, other) => {
        const isSame = one.image === other.image && one.code === other.code && one.platform === other.platform
        expect(findingKey(one) === findingKey(other)).toBe(isSame)
      }),
    )
  })
})

describe('a platform in words', () => {
  test('has as many parts as are known', () => {
    expect(platformText({ os: 'linux', architecture: 'arm64', variant: 'v8' })).toBe('linux/arm64/v8')
    expect(platformText({ os: 'linux', architecture: 'amd64' })).toBe('linux/amd64')
    expect(platformText({ os: 'linux', architecture: 'arm', variant: '' })).toBe('linux/arm')
    expect(platformText({ os: '', architecture: '' })).toBe('')
  })
})
