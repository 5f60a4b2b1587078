import { expect, test } from 'vitest'
import { z } from 'zod'
import { firstProblem } from '#commands/first-problem.ts'
import { RetentionRulesSpec } from '#crds/retention-rule.ts'

const Rules = z.strictObject({ rules: RetentionRulesSpec }).transform(({ rules }) => rules)

function said(rules: unknown): string {
  const value = { rules }
  const { error } = Rules.safeParse(value)
  if (error === undefined) throw new Error('it fits')
  return firstProblem(error, Rules, value)
}

const rule = { name: 'a', repositories: ['**'] }

test.each<[unknown, string | RegExp]>([
  [undefined, 'rules: is missing: an array is needed'],
  ['all', 'rules: must be an array, and is "all"'],
  ['x'.repeat(100), `rules: must be an array, and is "${'x'.repeat(59)}…`],
  [[{ name: 'a' }], 'rules[0].repositories: is missing: an array is needed'],
  [[{ ...rule, keep: { newest: 0 } }], /^rules\[0\]\.keep\.newest: .*, and it is 0$/],
  [
    [{ ...rule, keep: { newst: 3 } }],
    /^rules\[0\]\.keep: "newst" is no field of it; there are (\w+, )*newest, /,
  ],
  [[{ ...rule, keep: {}, a: 1, b: 2 }], /^rules\[0\]: "a", "b" are no fields of it; there are name, /],
])('of %j it names field, value and remedy', (rules, problem) => {
  expect(said(rules)).toEqual(typeof problem === 'string' ? problem : expect.stringMatching(problem))
})
