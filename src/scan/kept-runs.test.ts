import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runsOf } from '#scan/kept-runs.ts'

const runs = (rows: readonly string[]) => [...runsOf(rows, (row) => row)]
const ROWS = Array.from({ length: 100_000 }, (_, n) => `row ${n}`)

describe('rows that are cut into runs', () => {
  test('are all there, in their order', () => {
    fc.assert(fc.property(fc.array(fc.string()), (rows) => void expect(runs(rows).flat()).toEqual(rows)))
    expect(runs(ROWS).flat()).toEqual(ROWS)
  })

  test('make runs of five hundred or so, and of a thousand at most', () => {
    const lengths = runs(ROWS).map(({ length }) => length)
    expect(lengths.length).toBeGreaterThan(120)
    expect(lengths.length).toBeLessThan(400)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1_024)
    expect(runs(ROWS.map(() => 'the same'))).toHaveLength(98)
  })

  test('leave the other runs as they are when one row comes or goes', () => {
    const before = new Set(runs(ROWS).map((run) => run.join()))
    for (const rows of [ROWS.toSpliced(5_000, 1), ROWS.toSpliced(70_000, 0, 'new'), [...ROWS, 'new']]) {
      const changed = runs(rows).filter((run) => !before.has(run.join()))
      expect(changed.length).toBeLessThanOrEqual(2)
    }
  })
})
