import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyMatches, compileGlob, impossibleGlob, REPOSITORY_NAMES, TAGS } from '#crds/glob.ts'
import { isTag } from '#inventory/reference.ts'

/** The slow way to say the same: every way to split the text is tried. */
function slowMatch(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, second] = pattern
  if (first === undefined) return text.length === 0
  if (first === '*') {
    const crossesSlash = second === '*'
    const rest = pattern.slice(crossesSlash ? 2 : 1)
    for (let taken = 0; ; taken += 1) {
      if (slowMatch(rest, text.slice(taken))) return true
      const next = text[taken]
      if (next === undefined || (next === '/' && !crossesSlash)) return false
    }
  }
  const [character] = text
  if (character === undefined) return false
  const fits = first === '?' ? character !== '/' : first === character
  return fits && slowMatch(pattern.slice(1), text.slice(1))
}

describe('a glob', () => {
  test.each([
    ['**', '', true],
    ['**', 'a/b/c:1', true],
    ['*', '', true],
    ['*', 'app', true],
    ['*', 'team/app', false],
    ['team/*', 'team/app', true],
    ['team/*', 'team/app/sub', false],
    ['team/*', 'team/', true],
    ['team/**', 'team/app/sub', true],
    ['team/**', 'team', false],
    ['*prod*', 'my-prod-1', true],
    ['*prod*', 'PROD', false],
    ['app-?', 'app-1', true],
    ['app-?', 'app-', false],
    ['app-?', 'app-/', false],
    ['app-?', 'app-😀', true],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['a|b', 'a', false],
    ['(a)+{2}^$', '(a)+{2}^$', true],
    ['\\d', '1', false],
    ['\\E.*\\Q', 'x', false],
    ['app', 'my-app', false],
    ['app', 'apps', false],
    ['***', 'a/b', true],
  ])('%j on %j: %s', (pattern, text, matches) => {
    expect(compileGlob(pattern).matches(text)).toBe(matches)
  })

  test('means what the slow reference says, for whatever pattern and text', () => {
    const letters = fc.constantFrom(...'ab/.*?|\\[]()+^$\n😀-')
    const pattern = fc.string({ unit: letters, maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom(...'ab/.|\\[]()+^$\n-', '😀'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        expect(compileGlob(source).matches(subject)).toBe(slowMatch([...source], [...subject]))
      }),
      { numRuns: 2_000 },
    )
  })

  test('matches itself when nothing in it is special', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/[*?]/.test(text))
        expect(compileGlob(text).matches(text)).toBe(true)
      }),
    )
  })

  test('ends soon on a pattern that makes backtracking matchers hang', () => {
    const pattern = `${'*a'.repeat(127)}b`
    expect(compileGlob(pattern).matches('a'.repeat(5_000))).toBe(false)
  })

  test('of several matches where one does', () => {
    const globs = ['prod-*', 'stage'].map(compileGlob)
    expect(anyMatches(globs, 'stage')).toBe(true)
    expect(anyMatches(globs, 'dev')).toBe(false)
    expect(anyMatches([], 'dev')).toBe(false)
  })
})

describe('a glob that can match no name', () => {
  test.each([
    ['[a', TAGS, '['],
    ['a/b', TAGS, '/'],
    ['{a,b}', TAGS, '{'],
    ['^v.*$', TAGS, '^'],
    ['v 1', TAGS, ' '],
    ['😀*', TAGS, '😀'],
    ['team/[ab]*', REPOSITORY_NAMES, '['],
    ['team/app:v1', REPOSITORY_NAMES, ':'],
    ['!team/**', REPOSITORY_NAMES, '!'],
  ])('is %j, and it is said why', (pattern, names, character) => {
    expect(impossibleGlob(pattern, names)).toContain(
      `${JSON.stringify(pattern)} matches no ${names.noun}, because ${JSON.stringify(character)} is in none`,
    )
  })

  test('is none that matches a tag', () => {
    const pattern = fc.string({ unit: fc.constantFrom(...'aZ0._-*?[/:{'), minLength: 1, maxLength: 6 })
    const tag = fc.string({ unit: fc.constantFrom(...'aZ0._-'), minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(pattern, tag, (source, text) => {
        fc.pre(isTag(text) && compileGlob(source).matches(text))
        expect(impossibleGlob(source, TAGS)).toBeUndefined()
      }),
    )
  })

  test.each(['**', 'team/*', 'Team/app-?', 'a__b/c.d-e'])('is not %j', (pattern) => {
    expect(impossibleGlob(pattern, REPOSITORY_NAMES)).toBeUndefined()
  })
})
