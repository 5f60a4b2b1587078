import { type Command, InvalidArgumentError, Option } from 'commander'
import { aliasOption } from '#commands/alias-option.ts'
import { withContextOptions } from '#commands/cluster-options.ts'
import type { ClusterUseOptions } from '#commands/cluster-use.ts'
import { durationOption } from '#commands/duration-option.ts'
import { PLAN_OUTPUTS, type PlanOutput } from '#commands/plan-format.ts'
import { type RegistryOptions, withRegistryOptions } from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import { repeatable } from '#commands/repeatable-option.ts'
import { wholeNumber } from '#commands/whole-number.ts'
import type { RegistryAlias } from '#inventory/locate.ts'
import type { WhenUnused } from '#retention/rules.ts'
import { parseDuration } from '#time/duration.ts'

const MAX_COUNT = 10_000

/** What stays, as options say it. */
export interface RuleOptions {
  /** Path. */
  readonly rules?: string
  readonly keepNewest?: number
  readonly keepBeforeInUse?: number
  /** A duration. */
  readonly keepYoungerThan?: string
  readonly keepTag: readonly string[]
  readonly whenUnused?: keyof typeof WHEN_UNUSED
}

export interface PlanOptions extends RegistryOptions, ClusterUseOptions, RuleOptions {
  readonly alias: readonly RegistryAlias[]
  /** With what stays. */
  readonly kept?: true
  readonly output: PlanOutput
}

/** What `tallyman plan` is asked for. */
export interface AskedPlan {
  readonly place: RegistryPlace
  readonly options: PlanOptions
}

export const WHEN_UNUSED = {
  'keep-newest': 'KeepNewest',
  evict: 'Evict',
  keep: 'Keep',
} as const satisfies Record<string, WhenUnused>

/** The options that make one rule for everything, for who has no file of rules. */
export const RULE_FLAGS = [
  '--keep-newest',
  '--keep-before-in-use',
  '--keep-younger-than',
  '--keep-tag',
  '--when-unused',
] as const

export function withPlanOptions(command: Command): Command {
  const chosen = withContextOptions(withRegistryOptions(command))
    .addOption(durationOption('--cluster-timeout', 'how long reading all clusters may take', '60s'))
    .addOption(aliasOption())
  return withRuleOptions(chosen)
    .option('--kept', 'print what stays as well, and why')
    .addOption(
      new Option('-o, --output <format>', 'table; json and csv: every tag with its verdict')
        .choices(PLAN_OUTPUTS)
        .default('table'),
    )
}

export function withRuleOptions(command: Command): Command {
  return command
    .option('--rules <file>', 'YAML or JSON with the rules, under rules: or spec.rules:')
    .addOption(
      new Option(
        '--keep-newest <n>',
        'without --rules: that many newest images of each repository stay',
      ).argParser(wholeNumber(1, MAX_COUNT)),
    )
    .addOption(
      new Option(
        '--keep-before-in-use <n>',
        'without --rules: that many before each one in use stay',
      ).argParser(wholeNumber(1, MAX_COUNT)),
    )
    .addOption(
      new Option(
        '--keep-younger-than <duration>',
        'without --rules: what is younger stays; default: 24h',
      ).argParser(age),
    )
    .addOption(repeatable('--keep-tag <pattern>', 'without --rules: tags that match stay; may be repeated'))
    .addOption(
      new Option(
        '--when-unused <what>',
        'without --rules: what becomes of repositories that nobody uses; default: keep-newest',
      ).choices(Object.keys(WHEN_UNUSED)),
    )
}

function age(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text
  throw new InvalidArgumentError('must be a duration such as 24h.')
}
