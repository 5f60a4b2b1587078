import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Edges } from './journal-state.ts'
import { guardians, sweepOrder } from './sweep-order.ts'

/** Manifests that name only later ones, and subjects that are earlier ones: as hashes allow no circle. */
const manifests = fc
  .integer({ min: 0, max: 12 })
  .chain((count) =>
    fc.array(
      fc.record({ children: fc.array(fc.nat({ max: 15 })), subject: fc.option(fc.nat({ max: 15 })) }),
      {
        minLength: count,
        maxLength: count,
      },
    ),
  )
  .map(
    (all) =>
      new Map(
        all.map(({ children, subject }, n): [string, Edges] => [String(n), edges(n, children, subject)]),
      ),
  )

function edges(n: number, children: readonly number[], subject: number | null): Edges {
  return {
    children: children.filter((child) => child > n).map(String),
    nested: [],
    subject: subject !== null && subject < n ? String(subject) : undefined,
  }
}

test('everything goes once, and after all that contains it or that it speaks of', () => {
  fc.assert(
    fc.property(manifests, (all) => {
      const order = sweepOrder(guardians(all))
      expect([...order].sort()).toEqual([...all.keys()].sort())
      const at = new Map(order.map((digest, index) => [digest, index]))
      for (const [digest, { children, subject }] of all) {
        const own = at.get(digest) ?? -1
        for (const child of children) expect(at.get(child) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(own)
        if (subject !== undefined) expect(at.get(subject)).toBeLessThan(own)
      }
    }),
  )
})

test('what is not to go guards nothing', () => {
  const all = new Map([['a', { children: [], nested: [], subject: 'elsewhere' }]])
  expect(guardians(all)).toEqual(new Map([['a', new Set()]]))
})
