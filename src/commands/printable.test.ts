import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printable } from '#commands/printable.ts'

describe('a text of a cluster', () => {
  test.each([
    ['nginx:1.25', 'nginx:1.25'],
    ['Not Legal/é', 'Not Legal/é'],
    ['a\nb', 'a\\u000ab'],
    ['\u001b[2J', '\\u001b[2J'],
    ['\u202eevil', '\\u202eevil'],
    ['\u{e0001}', '\\udb40\\udc01'],
  ])('%j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  test('is one line and moves no cursor, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
      }),
    )
  })
})
