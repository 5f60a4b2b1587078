import { expect, test } from 'vitest'
import { RegistryCheckSpec } from '#crds/registry-check.ts'

const REFS = { registryRef: { name: 'main' }, inventoryRef: { name: 'all' } }
const problems = (select: object) =>
  RegistryCheckSpec.safeParse({ ...REFS, select }).error?.issues.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )

test.each([
  [
    'repositories',
    '{a,b}/*',
    /^select\.repositories\.1: "\{a,b\}\/\*" matches no repository, because "\{" is/,
  ],
  ['excludeRepositories', 'a b', /^select\.excludeRepositories\.1: "a b" matches no repository/],
  ['tags', 'v[0-9]', /^select\.tags\.1: "v\[0-9\]" matches no tag, because "\[" is in none: allowed are/],
  ['excludeTags', 'a/b', /^select\.excludeTags\.1: "a\/b" matches no tag/],
])('select.%s refuses %j, which can match nothing, and says why', (field, pattern, problem) => {
  expect(problems({ [field]: ['ok*', pattern] })).toEqual([expect.stringMatching(problem)])
  expect(problems({ [field]: ['ok*'] })).toBeUndefined()
})
