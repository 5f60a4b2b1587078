import type { Command } from 'commander'
import { TallymanError } from '#catalogue/error.ts'
import { RULE_FLAGS, type RuleOptions, WHEN_UNUSED } from '#commands/plan-options.ts'
import { readRulesFile } from '#commands/rules-file.ts'
import { impossibleGlob, TAGS } from '#crds/glob.ts'
import { type CompiledRule, compileRules } from '#retention/compiled-rule.ts'
import type { RetentionRule } from '#retention/rules.ts'

/** Ends the process where a file and options both say what stays. */
export function refuseContradictions(options: RuleOptions, command: Command): void {
  const { rules, keepNewest, keepBeforeInUse, keepYoungerThan, keepTag, whenUnused } = options
  const says = [keepNewest, keepBeforeInUse, keepYoungerThan, keepTag[0], whenUnused]
  const flag = RULE_FLAGS.find((_, at) => says[at] !== undefined)
  if (rules === undefined || flag === undefined) return
  command.error(`error: option '${flag}' contradicts '--rules': the file says what stays.`)
}

/** Whether they say what stays. */
export function saysRules(options: RuleOptions): boolean {
  const { rules, keepNewest, keepBeforeInUse, keepYoungerThan, keepTag } = options
  return [rules, keepNewest, keepBeforeInUse, keepYoungerThan, keepTag[0]].some((each) => each !== undefined)
}

/**
 * The rules of the file that the options name, or one for all repositories that they spell out.
 * @throws LOCAL_FILE_INVALID, SPEC_INVALID
 */
export async function planRules(options: RuleOptions, signal: AbortSignal): Promise<CompiledRule[]> {
  return compileRules(
    options.rules === undefined ? [spelledOut(options)] : await readRulesFile(options.rules, signal),
  )
}

function spelledOut(options: RuleOptions): RetentionRule {
  const { keepNewest, keepBeforeInUse, keepYoungerThan, keepTag, whenUnused } = options
  if (keepTag.includes('')) {
    throw new TallymanError(
      'SPEC_INVALID',
      "--keep-tag: '' is no pattern: a variable of the shell may be empty",
    )
  }
  for (const pattern of keepTag) {
    const problem = impossibleGlob(pattern, TAGS)
    if (problem !== undefined) throw new TallymanError('SPEC_INVALID', `--keep-tag: ${problem}`)
  }
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
