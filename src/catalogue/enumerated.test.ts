import { expect, test } from 'vitest'
import { enumerated } from '#catalogue/enumerated.ts'

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
])('%j is told as %j', (names, text) => {
  expect(enumerated(names)).toBe(text)
})
