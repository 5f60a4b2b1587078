import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RetiredImages } from '#inventory/retired-images.ts'

it('tells what went since a reader looked, or that it is too much', () => {
  fc.assert(
    fc.property(fc.nat(2_500), fc.nat(2_500), (before, after) => {
      const retired = new RetiredImages()
      for (let n = 0; n < before; n++) retired.add(`app:${n}`)
      const mark = retired.count
      for (let n = 0; n < after; n++) retired.add(`app:${before + n}`)
      const expected = Array.from({ length: after }, (_, n) => `app:${before + n}`)
      expect(retired.since(mark)).toEqual(after > 1_000 ? undefined : expected)
    }),
    { numRuns: 50 },
  )
})

it('knows nothing of a count that it never had', () => {
  expect(new RetiredImages().since(1)).toBeUndefined()
})
