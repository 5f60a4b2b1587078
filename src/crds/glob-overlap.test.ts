import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileGlob } from '#crds/glob.ts'
import { globCovers, globsOverlap } from '#crds/glob-overlap.ts'

const TEXTS = [
  '',
  'a',
  'b',
  '/',
  'a/',
  '/a',
  'aa',
  'ab',
  'ba',
  'a/a',
  'a/b',
  'ab/a',
  'a/a/b',
  'aab',
  'b/ab/a',
]
const pattern = fc
  .array(fc.constantFrom('a', 'b', '/', '?', '*', '**'), { maxLength: 6 })
  .map((tokens) => tokens.join(''))

describe('two patterns', () => {
  test.each([
    ['team-a/**', '**', true],
    ['team-a/**', 'team-b/**', false],
    ['*/app', 'team/*', true],
    ['*', 'team/app', false],
    ['team/*', 'team/a/b', false],
    ['team/**', 'team/a/b', true],
    ['**/web', '**/app', false],
    ['**/web-*', 'shop/**-v1', true],
    ['a?c', 'a/c', false],
    ['a', 'a', true],
    ['', '*', true],
  ])('%j and %j overlap: %j', (a, b, overlap) => {
    expect([globsOverlap(a, b), globsOverlap(b, a)]).toEqual([overlap, overlap])
  })

  test('overlap wherever some text matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const [one, other] = [compileGlob(a), compileGlob(b)]
        const common = TEXTS.filter((text) => one.matches(text) && other.matches(text))
        if (common.length > 0) expect(globsOverlap(a, b), common[0]).toBe(true)
      }),
    )
  })

  test.each([
    ['team-a/**', 'team-a/**', true],
    ['team-*/**', 'team-a/**', true],
    ['**', '*/web', true],
    ['team-a/*', 'team-a/**', false],
    ['*', 'a/b', false],
    ['**/web', 'shop/web', true],
    ['shop/web', '**/web', false],
    ['?', '*', false],
  ])('%j covers %j: %j', (wide, narrow, covers) => {
    expect(globCovers(wide, narrow)).toBe(covers)
  })

  test('cover only where whatever one matches the other does', () => {
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        const [all, some] = [compileGlob(wide), compileGlob(narrow)]
        if (globCovers(wide, narrow))
          expect(TEXTS.filter((text) => some.matches(text) && !all.matches(text))).toEqual([])
      }),
    )
  })
})
