import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pathSuffixes } from '#inventory/path-suffixes.ts'

test('S06: a path ends in paths of two segments or more', () => {
  expect(pathSuffixes('a/b/c/d')).toEqual(['a/b/c/d', 'b/c/d', 'c/d'])
  expect(pathSuffixes('a/b')).toEqual(['a/b'])
  expect(pathSuffixes('a')).toEqual([])
  expect(pathSuffixes('')).toEqual([])
})

test('S06: whatever stands before a path of two segments, the whole ends in it', () => {
  const path = (minLength: number) =>
    fc
      .array(fc.stringMatching(/^[a-z0-9]{1,4}$/), { minLength, maxLength: 6 })
      .map((parts) => parts.join('/'))
  fc.assert(
    fc.property(path(1), path(2), (prefix, repository) => {
      expect(pathSuffixes(`${prefix}/${repository}`)).toContain(repository)
    }),
  )
})
