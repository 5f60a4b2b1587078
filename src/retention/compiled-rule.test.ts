import { describe, expect, test } from 'vitest'
import { compileRules } from '#retention/compiled-rule.ts'
import type { KeepCriteria, RetentionRule } from '#retention/rules.ts'
import { rulesHash } from '#retention/rules-hash.ts'

const compiled = (changes: Partial<RetentionRule> = {}) => {
  const [rule] = compileRules([{ name: 'all', repositories: ['**'], keep: { newest: 1 }, ...changes }])
  if (rule === undefined) throw new Error('there is one')
  return rule
}

describe('rules', () => {
  test('have names of their own', () => {
    const rule: RetentionRule = { name: 'all', repositories: ['**'], keep: { newest: 1 } }
    expect(() => compileRules([rule, rule], 'spec.rules')).toThrow(
      'spec.rules[1].name: "all" is the name of another rule already',
    )
  })

  test.each<[string, KeepCriteria]>([
    ['nothing', {}],
    ['no pattern', { tags: [] }],
    ['not everything', { all: false }],
    ['what is undefined', { newest: undefined, semver: undefined }],
  ])('S13: a rule that keeps %s is an error', (_what, keep) => {
    expect(() => compiled({ keep })).toThrow('rules[0].keep of the rule all keeps nothing')
  })

  test.each<[string, Partial<RetentionRule>, string]>([
    ['a count of none', { keep: { newest: 0 } }, 'rules[0].keep.newest is 0: it must be at least 1'],
    ['half a count', { keep: { beforeInUse: 1.5 } }, 'rules[0].keep.beforeInUse is 1.5'],
    ['no version', { keep: { semver: {} } }, 'rules[0].keep.semver keeps nothing'],
    ['no duration', { keep: { youngerThan: '1 day' } }, 'rules[0].keep.youngerThan is "1 day"'],
    ['a duration of nothing', { keep: { inUseWithin: '0d' } }, 'rules[0].keep.inUseWithin is "0d"'],
    ['a broken pattern', { groupBy: '(' }, 'rules[0].groupBy is "(", no regular expression of RE2'],
    ['what RE2 does not have', { groupBy: '(?=x)' }, 'rules[0].groupBy is "(?=x)"'],
  ])('%s is named with its field', (_what, changes, message) => {
    expect(() => compiled(changes)).toThrow(message)
  })

  test.each<[string, Partial<RetentionRule>, string]>([
    [
      'a class of characters',
      { keep: { tags: ['v*', 'v[0-9]'] } },
      'rules[0].keep.tags[1]: "v[0-9]" matches no tag, because "[" is in none: allowed are letters, digits, . _ and -, and * and ? for others',
    ],
    [
      'a whole image',
      { keep: { tags: ['app:v1'] } },
      'rules[0].keep.tags[0]: "app:v1" matches no tag, because ":"',
    ],
    ['a path', { keep: { tags: ['app/v1'] } }, 'rules[0].keep.tags[0]: "app/v1" matches no tag, because "/"'],
    [
      'a choice',
      { repositories: ['base/**', '{a,b}/*'] },
      'rules[0].repositories[1]: "{a,b}/*" matches no repository, because "{" is in none: allowed are letters, digits, . _ - and /',
    ],
    [
      'an exception with a tag',
      { excludeRepositories: ['app:v1'] },
      'rules[0].excludeRepositories[0]: "app:v1" matches no repository, because ":"',
    ],
  ])('S08: a pattern that can match nothing is named with its field: %s', (_what, changes, message) => {
    expect(() => compiled(changes)).toThrow(message)
  })

  test('patterns over types may hold whatever a type does', () => {
    const { matchesKind } = compiled({ kinds: ['application/x; v="[1]"', 'application/**'] })
    expect(matchesKind('application/x; v="[1]"')).toBe(true)
  })

  test('S13: what is younger than a day is kept by every rule that does not say otherwise', () => {
    expect(compiled().youngerThanMs).toBe(24 * 3_600_000)
    expect(compiled({ keep: { youngerThan: '3d' } }).youngerThanMs).toBe(3 * 24 * 3_600_000)
  })

  test('S08: a repository that nobody uses is not emptied unless a rule says so', () => {
    expect(compiled().whenUnused).toBe('KeepNewest')
  })

  test('S09: container images are what a rule is about, and artifacts whose type it names', () => {
    expect(compiled().matchesKind('Image')).toBe(true)
    expect(compiled().matchesKind('application/vnd.cncf.helm.config.v1+json')).toBe(false)
    const charts = compiled({ kinds: ['application/vnd.cncf.helm.**'] })
    expect(charts.matchesKind('application/vnd.cncf.helm.config.v1+json')).toBe(true)
    expect(charts.matchesKind('Image')).toBe(false)
  })

  test('repositories are included and excluded by pattern', () => {
    const rule = compiled({ repositories: ['team/*'], excludeRepositories: ['team/base-*'] })
    expect(['team/app', 'team/base-image', 'team/a/b'].map(rule.matchesRepository)).toEqual([
      true,
      false,
      false,
    ])
  })

  test('S13: tags are grouped by what the groups of the pattern hold', () => {
    const { streamOf } = compiled({ groupBy: '^(main|pr-[0-9]+)-[0-9]+(-alpine)?$' })
    expect(streamOf('main-7')).toBe(streamOf('main-8'))
    expect(streamOf('main-7')).not.toBe(streamOf('main-7-alpine'))
    expect(streamOf('pr-1-7')).not.toBe(streamOf('pr-2-7'))
    expect(streamOf('latest')).toBe(streamOf('v1'))
    expect(streamOf('latest')).not.toBe(streamOf('main-7'))
  })

  test('a pattern without groups makes a stream of each text that it matches', () => {
    const { streamOf } = compiled({ groupBy: '^[a-z]+' })
    expect(streamOf('main-7')).toBe(streamOf('main-8'))
    expect(streamOf('dev-7')).not.toBe(streamOf('main-7'))
  })

  test('S12: the hash of rules changes with what they say, and not with the order of fields', () => {
    const one: RetentionRule = { name: 'a', repositories: ['**'], keep: { newest: 1, beforeInUse: 2 } }
    const same: RetentionRule = {
      keep: { beforeInUse: 2, newest: 1 },
      repositories: ['**'],
      name: 'a',
      groupBy: undefined,
    }
    expect(rulesHash([one])).toBe(rulesHash([same]))
    expect(rulesHash([one])).not.toBe(rulesHash([{ ...one, keep: { newest: 1 } }]))
    expect(rulesHash([one, { ...one, name: 'b' }])).not.toBe(rulesHash([{ ...one, name: 'b' }, one]))
  })
})
