import fc from 'fast-check'
import { expect, it } from 'vitest'
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

it('takes one step where it may', () => {
  expect(sortedInSteps(['b', 'a'], Number.POSITIVE_INFINITY).next()).toEqual({
    done: true,
    value: ['a', 'b'],
  })
})
