import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UidIndex } from '#inventory/uid-index.ts'

/** Uids of which only a few digits differ, and texts that are no UUID. */
const uid = fc.oneof(
  fc.nat({ max: 400 }).map((i) => `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`),
  fc.nat({ max: 400 }).map((i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`),
  fc.constantFrom('', 'A0000000-0000-4000-8000-000000000000', 'shop/web-0', 'g'.repeat(36), '-'.repeat(36)),
)

describe('UidIndex', () => {
  it('numbers what it holds from 0 without gaps, and finds it', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), uid), { maxLength: 800, size: 'max' })
    fc.assert(
      fc.property(steps, (all) => {
        const index = new UidIndex()
        const rows: string[] = []
        for (const [add, text] of all) {
          const row = index.find(text)
          expect(row).toBe(rows.includes(text) ? rows.indexOf(text) : undefined)
          if (add && row === undefined) {
            expect(index.add(text)).toBe(rows.length)
            rows.push(text)
          } else if (!add && row !== undefined) {
            index.removeRow(row)
            const last = rows.pop()
            if (row < rows.length && last !== undefined) rows[row] = last
          }
          expect(index.size).toBe(rows.length)
        }
        rows.forEach((text, row) => {
          expect(index.find(text)).toBe(row)
        })
      }),
      { numRuns: 20 },
    )
  })

  it('shrinks and grows again without losing anything', () => {
    const index = new UidIndex()
    const of = (i: number) => `${String(i).padStart(8, '0')}-1111-4111-8111-111111111111`
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3_000; i++) index.add(of(i))
      for (let i = 2_999; i >= 10; i--) index.removeRow(index.find(of(i)) ?? -1)
      for (let i = 0; i < 3_000; i++) expect(index.find(of(i))).toBe(i < 10 ? i : undefined)
      for (let i = 9; i >= 0; i--) index.removeRow(i)
      index.trim()
      expect(index.size).toBe(0)
    }
  })
})
