import { expect, test } from 'vitest'
import { compileSelection } from '#scan/selection.ts'

test('without a choice everything is in scope', () => {
  const selection = compileSelection(undefined)
  expect(selection.repository('any/thing')).toBe(true)
  expect(selection.tag('v1')).toBe(true)
})

test.each([
  ['shop/cart', true],
  ['shop/team/cart', false],
  ['base/os', true],
  ['base/os/debug', true],
  ['shop/scratch', false],
  ['other', false],
])('repository %s is in scope: %s', (repository, expected) => {
  const selection = compileSelection({
    repositories: ['shop/*', 'base/**'],
    excludeRepositories: ['**/scratch'],
  })
  expect(selection.repository(repository)).toBe(expected)
})

test('S08: our own repositories are in no scope, whatever is chosen', () => {
  const selection = compileSelection({ repositories: ['**'] }, ['ops/tallyman'])
  const names = ['ops/tallyman', 'ops/tallyman/reports/apps/in-use', 'ops/tallyman-web', 'ops']
  expect(names.filter((name) => selection.repository(name))).toEqual(['ops/tallyman-web', 'ops'])
})

test('what is excluded is out, whatever else matches it', () => {
  const selection = compileSelection({ tags: ['v*'], excludeTags: ['*-rc?'] })
  expect(['v1', 'v1-rc1', 'latest', 'v1-rc10'].map((tag) => selection.tag(tag))).toEqual([
    true,
    false,
    false,
    true,
  ])
})
