import { type PlanOptions, WHEN_UNUSED } from '#commands/plan-options.ts'
import { readRulesFile } from '#commands/rules-file.ts'
import { type CompiledRule, compileRules } from '#retention/compiled-rule.ts'
import type { RetentionRule } from '#retention/rules.ts'

/**
 * The rules of the file that the options name, or one for all repositories that they spell out.
 * @throws LOCAL_FILE_INVALID, SPEC_INVALID
 */
export async function planRules(options: PlanOptions, signal: AbortSignal): Promise<CompiledRule[]> {
  return compileRules(
    options.rules === undefined ? [spelledOut(options)] : await readRulesFile(options.rules, signal),
  )
}

function spelledOut(options: PlanOptions): RetentionRule {
  const { keepNewest, keepBeforeInUse, keepYoungerThan, keepTag, whenUnused } = options
  return {
    name: 'command-line',
    repositories: ['**'],
    keep: {
      newest: keepNewest,
      beforeInUse: keepBeforeInUse,
      youngerThan: keepYoungerThan,
      tags: keepTag.length === 0 ? undefined : keepTag,
    },
    whenUnused: whenUnused === undefined ? undefined : WHEN_UNUSED[whenUnused],
  }
}
