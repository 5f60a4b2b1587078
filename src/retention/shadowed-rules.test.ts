import { describe, expect, test } from 'vitest'
import { compileRules } from '#retention/compiled-rule.ts'
import type { RepositoryFacts } from '#retention/facts.ts'
import type { RetentionRule } from '#retention/rules.ts'
import { shadowedRules, shadowedText } from '#retention/shadowed-rules.ts'
import { artifactFacts, imageFacts, registryFacts, repositoryFacts } from '#test/harness/registry-facts.ts'

const keep = { all: true }
const image = imageFacts('image', 1)
const chart = artifactFacts('chart', 'application/vnd.cncf.helm.config.v1+json')
const REPOSITORIES = [
  repositoryFacts('prod/cart', { v1: image }),
  repositoryFacts('prod/charts', { v1: chart, v2: image }),
  repositoryFacts('shop/web', { v1: image }),
]

function shadowed(rules: readonly RetentionRule[], changes: Partial<RepositoryFacts> = {}) {
  const [first, ...others] = REPOSITORIES
  if (first === undefined) throw new Error('there are three')
  const facts = registryFacts([{ ...first, ...changes }, ...others], [image, chart])
  return shadowedRules(compileRules(rules), facts)
}

const ALL: RetentionRule = { name: 'all', repositories: ['**'], keep }
const PROD: RetentionRule = { name: 'prod', repositories: ['prod/*'], keep }

describe('rules that decide about nothing', () => {
  test('are those of which an earlier rule has every tag, whatever its pattern is', () => {
    expect(shadowed([ALL, PROD])).toEqual(['prod'])
    expect(shadowed([PROD, { ...PROD, name: 'again' }, ALL])).toEqual(['again'])
    expect(shadowed([PROD, { ...PROD, name: 'cart', repositories: ['prod/cart'] }, ALL])).toEqual(['cart'])
  })

  test('are those of which several earlier rules have every tag together', () => {
    const shop = { ...PROD, name: 'shop', repositories: ['shop/**'] }
    expect(shadowed([PROD, shop, ALL])).toEqual(['all'])
  })

  test('are not those that have one repository, or one kind, for themselves', () => {
    expect(shadowed([PROD, ALL])).toEqual([])
    expect(shadowed([ALL, { ...PROD, kinds: ['application/vnd.cncf.helm.**'] }])).toEqual([])
    expect(shadowed([{ ...ALL, excludeRepositories: ['prod/cart'] }, PROD])).toEqual([])
  })

  test('are not those that match nothing, which is said elsewhere', () => {
    expect(shadowed([ALL, { ...PROD, repositories: ['prdo/*'] }])).toEqual([])
    expect(shadowed([ALL, { ...PROD, kinds: ['application/wasm'] }])).toEqual([])
  })

  test('are not known where the registry, or a repository that they match, was read in part', () => {
    const partly = registryFacts(REPOSITORIES, [image, chart], { incomplete: 'half of it' })
    expect(shadowedRules(compileRules([ALL, PROD]), partly)).toEqual([])
    expect(shadowed([ALL, PROD], { incomplete: 'half of it' })).toEqual([])
  })
})

test.each([
  [['a'], 'rule a decides about nothing: rules before it match all that it does'],
  [['a', 'b'], 'rules a, b decide about nothing: rules before them match all that they do'],
  [
    ['a', 'b', 'c', 'd'],
    'rules a, b, c and 1 more decide about nothing: rules before them match all that they do',
  ],
])('a sentence names the first of them: %j', (names, says) => {
  expect(shadowedText(names)).toBe(says)
})
