import fc from 'fast-check'
import { expect, it } from 'vitest'
import { atOnce } from '#inventory/at-once.ts'
import { sortedInSteps } from '#inventory/sorted-in-steps.ts'

it('sorts as a sort at once does, in steps', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 8 }), (texts, size) => {
      const steps = sortedInSteps(texts, size)
      let count = 0
      let step = steps.next()
      for (; step.done !== true; step = steps.next()) count += 1
      expect(step.value).toEqual(texts.toSorted())
      expect(count).toBeGreaterThanOrEqual(Math.ceil(texts.length / size) - 1)
    }),
  )
})

it('sorts by what it is told, and leaves what is equal in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9)), fc.integer({ min: 1, max: 8 }), (ranks, size) => {
      const items = ranks.map((rank, place) => ({ rank, place }))
      const highest = (a: { rank: number }, b: { rank: number }) => b.rank - a.rank
      expect(atOnce(sortedInSteps(items, size, highest))).toEqual(items.toSorted(highest))
    }),
  )
})

it('takes one step where it may', () => {
  expect(sortedInSteps(['b', 'a'], Number.POSITIVE_INFINITY).next()).toEqual({
    done: true,
    value: ['a', 'b'],
  })
})
