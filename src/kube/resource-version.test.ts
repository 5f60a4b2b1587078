import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareVersions, isAtLeast } from '#kube/resource-version.ts'

const version = fc.bigInt({ min: 1n, max: 10n ** 40n })

describe('resource versions', () => {
  it('have the order of the numbers that they are, of any length', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const order = compareVersions(String(a), String(b)) ?? Number.NaN
        expect(Math.sign(order)).toBe(a === b ? 0 : a < b ? -1 : 1)
        expect(isAtLeast(String(a), String(b))).toBe(a >= b)
      }),
    )
  })

  it.each(['9', '99', '999999999999999999999999'])('%s comes right before the next number', (before) => {
    expect(compareVersions(before, String(BigInt(before) + 1n))).toBeLessThan(0)
  })

  it.each(['', '0', '07', '-1', '1.5', '1e3', '0x1', ' 1', '1\n', 'abc', '١'])(
    'S03: %j has no order, and nothing is at or after it',
    (odd) => {
      expect(compareVersions(odd, '7')).toBeUndefined()
      expect(compareVersions('7', odd)).toBeUndefined()
      expect([isAtLeast(odd, '7'), isAtLeast('7', odd), isAtLeast(odd, odd)]).toEqual([false, false, false])
    },
  )
})
