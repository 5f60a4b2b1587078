import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alignedLines, shortened } from '#commands/table.ts'

const LONG = 'registry.example.com/team/application:v1.25.3'
const cells = fc.array(fc.string({ unit: fc.constantFrom(...'ab/:'), minLength: 1, maxLength: 60 }), {
  minLength: 3,
  maxLength: 3,
})

describe('a table', () => {
  test('aligns its columns and leaves no spaces at the ends', () => {
    const rows = [
      ['IMAGE', 'PODS'],
      ['nginx:1.25', '3'],
      ['a', ''],
    ]
    expect(alignedLines(rows)).toEqual(['IMAGE       PODS', 'nginx:1.25  3', 'a'])
  })

  test('without a width is cut nowhere', () => {
    const line = [LONG, LONG].join('  ')
    expect(alignedLines([[LONG, LONG]], { width: undefined, shrink: [0, 1] })).toEqual([line])
  })

  test('cuts the widest of the columns that may be cut', () => {
    const [line = ''] = alignedLines([[LONG, 'short', LONG.slice(0, 20)]], { width: 64, shrink: [0, 2] })
    expect(line).toBe('registry.example.…plication:v1.25.3  short  registry.example.com')
    expect(line.length).toBe(64)
  })

  test('fits its width as long as no column has to be cut below what can still be read', () => {
    fc.assert(
      fc.property(fc.array(cells, { minLength: 1 }), fc.integer({ min: 1, max: 200 }), (rows, width) => {
        const widest = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
        const least = Math.min(widest(0), 16) + widest(1) + Math.min(widest(2), 16) + 4
        for (const line of alignedLines(rows, { width, shrink: [0, 2] })) {
          expect(line.length).toBeLessThanOrEqual(Math.max(width, least))
        }
      }),
    )
  })
})

test('a shortened text keeps both ends', () => {
  expect(shortened('abcdefgh', 8)).toBe('abcdefgh')
  expect(shortened('abcdefgh', 5)).toBe('ab…gh')
  expect(shortened('abcdefgh', 1)).toBe('…')
})
