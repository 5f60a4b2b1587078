import { describe, expect, test } from 'vitest'
import { retentionProblem } from '#controllers/policy-spec.ts'
import { compileRules } from '#retention/compiled-rule.ts'

const DAY = 86_400_000
const rules = (...inUseWithin: readonly string[]) =>
  compileRules(
    inUseWithin.map((within, at) => ({
      name: `rule-${at}`,
      repositories: ['**'],
      keep: { newest: 1, inUseWithin: within },
    })),
  )
const remembering = (...days: readonly number[]) =>
  days.map((each, at) => ({ name: `ops/inventory-${at}`, retainMs: each * DAY }))

describe('S02: RetainsTooLittle', () => {
  test.each([
    ['every inventory remembers long enough', rules('31d', '7d'), remembering(31, 40)],
    [
      'no rule asks for the past',
      compileRules([{ name: 'a', repositories: ['**'], keep: { newest: 1 } }]),
      remembering(1),
    ],
    ['there is no inventory yet', rules('31d'), []],
  ])('is not said where %s', (_, asked, retained) => {
    expect(retentionProblem(asked, retained)).toBeUndefined()
  })

  test.each([
    ['the second rule asks for more', rules('7d', '32d'), remembering(31), 'rule-1', 'inventory-0'],
    ['the second inventory remembers less', rules('31d'), remembering(31, 30), 'rule-0', 'inventory-1'],
  ])('names rule, inventory and remedy where %s', (_, asked, retained, rule, inventory) => {
    const error = retentionProblem(asked, retained)
    expect(error?.code).toBe('SPEC_INVALID')
    expect(error?.message).toMatch(
      new RegExp(
        `^spec\\.rules: rule ${rule} asks .* ImageInventory ops/${inventory} remembers .*: lower keep\\.inUseWithin, or raise spec\\.retain`,
      ),
    )
  })
})
