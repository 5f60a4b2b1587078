import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchingRows } from '#report/matching-rows.ts'

const anyRow = fc.tuple(fc.nat({ max: 2 }), fc.constantFrom('web', 'Web api', 'cart'), fc.nat({ max: 30 }))
const anyQuery = fc.record({
  text: fc.constantFrom('', 'WEB', 'api  web', 'cart', 'none'),
  only: fc.tuple(fc.constantFrom(null, 0, 1, 2), fc.constant(null), fc.constant(null)),
  sortBy: fc.nat({ max: 2 }),
  descending: fc.boolean(),
})

describe('filter and order of the page', () => {
  test('finds the rows with all words and labels, in order, and what is equal keeps its place', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 30 }), anyQuery, (rows, query) => {
        const texts = rows.map((row) => row.join(' ').toLowerCase())
        const found = matchingRows(rows, texts, query)
        const words = query.text.toLowerCase().split(' ').filter(Boolean)
        const wanted = rows.flatMap((row, index) =>
          words.every((word) => texts[index]?.includes(word)) &&
          (query.only[0] === null || row[0] === query.only[0])
            ? [index]
            : [],
        )
        expect(found.toSorted((a, b) => a - b)).toEqual(wanted)
        for (const [place, index] of found.entries()) {
          const next = found[place + 1]
          if (next === undefined) continue
          const here = rows[index]?.[query.sortBy] ?? ''
          const there = rows[next]?.[query.sortBy] ?? ''
          if (here === there) expect(index).toBeLessThan(next)
          else expect(here < there).toBe(!query.descending)
        }
      }),
    )
  })

  test('sorts numbers as numbers', () => {
    const rows = [[10], [9], [100]]
    expect(matchingRows(rows, ['', '', ''], { text: '', only: [], sortBy: 0, descending: false })).toEqual([
      1, 0, 2,
    ])
  })

  test('needs nothing but itself: the page runs its source', () => {
    const alone: typeof matchingRows = new Function(`return ${matchingRows.toString()}`)()
    expect(alone([['b'], ['a']], ['b', 'a'], { text: '', only: [], sortBy: 0, descending: false })).toEqual([
      1, 0,
    ])
  })
})
