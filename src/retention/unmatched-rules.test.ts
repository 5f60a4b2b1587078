import { describe, expect, test } from 'vitest'
import { compileRules } from '#retention/compiled-rule.ts'
import { unmatchedRules, unmatchedText } from '#retention/unmatched-rules.ts'

const keep = { all: true }
const repositories = [{ name: 'prod/cart' }, { name: 'shop/web' }]
const unmatched = (...rules: Parameters<typeof compileRules>[0]) =>
  unmatchedRules(compileRules(rules), { incomplete: undefined, repositories })

describe('rules that match no repository', () => {
  test('are those whose patterns are wrong, in their order', () => {
    expect(
      unmatched(
        { name: 'typo', repositories: ['prdo/**'], keep },
        { name: 'prod', repositories: ['nothing', 'prod/**'], keep },
        { name: 'gone', repositories: ['old/**'], keep },
        { name: 'rest', repositories: ['**'], keep },
      ),
    ).toEqual(['typo', 'gone'])
  })

  test('are also those that exclude all that they match', () => {
    const excluding = { repositories: ['prod/**'], excludeRepositories: ['prod/cart'] }
    expect(unmatched({ name: 'none', ...excluding, keep })).toEqual(['none'])
  })

  test('are not those of which an earlier rule has everything', () => {
    expect(
      unmatched(
        { name: 'all', repositories: ['**'], keep },
        { name: 'prod', repositories: ['prod/*'], keep },
      ),
    ).toEqual([])
  })

  test('are not known where the registry was read in part, or has nothing', () => {
    const rules = compileRules([{ name: 'typo', repositories: ['prdo/**'], keep }])
    expect(unmatchedRules(rules, { incomplete: 'half of it', repositories })).toEqual([])
    expect(unmatchedRules(rules, { incomplete: undefined, repositories: [] })).toEqual([])
  })
})

test.each([
  [['a'], 'rule a matches no repository of the registry'],
  [['a', 'b'], 'rules a, b match no repository of the registry'],
  [['a', 'b', 'c', 'd', 'e'], 'rules a, b, c and 2 more match no repository of the registry'],
])('a sentence names the first of them: %j', (names, says) => {
  expect(unmatchedText(names)).toBe(says)
})
