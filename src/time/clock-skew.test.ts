import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { skewOf } from '#time/clock-skew.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

describe('the skew of a clock', () => {
  it('is known to half a second and half of the time that the answer took', () => {
    const milliseconds = fc.integer({ min: 0, max: 60_000 })
    const skew = fc.integer({ min: -1e9, max: 1e9 })
    fc.assert(
      fc.property(milliseconds, milliseconds, milliseconds, skew, (sent, before, after, ahead) => {
        const sentAt = NOON + sent
        const date = new Date(sentAt + before + ahead).toUTCString()
        const found = skewOf(date, sentAt, sentAt + before + after) ?? Number.NaN
        expect(Math.abs(found - ahead)).toBeLessThanOrEqual(501 + (before + after) / 2)
      }),
    )
  })

  it.each([undefined, '', 'soon', '12:00'])('is unknown for %j', (date) => {
    expect(skewOf(date, NOON, NOON)).toBeUndefined()
  })
})
