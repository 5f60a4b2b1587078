import { type Command, InvalidArgumentError, Option } from 'commander'
import { SEVERITIES } from '#catalogue/finding-codes.ts'
import { aliasOption } from '#commands/alias-option.ts'
import { CHECK_OUTPUTS, type CheckOutput } from '#commands/check-format.ts'
import { type ContextOptions, withContextOptions } from '#commands/cluster-options.ts'
import { durationOption } from '#commands/duration-option.ts'
import { type RegistryOptions, withRegistryOptions } from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import { repeatedRule, splitRule } from '#commands/rule-option.ts'
import { type SelectionOptions, withSelectionOptions } from '#commands/selection-options.ts'
import { wholeNumber } from '#commands/whole-number.ts'
import { FindingCodeField, type RegistryCheckSpec } from '#crds/registry-check.ts'
import type { RegistryAlias } from '#inventory/locate.ts'
import { parseDuration } from '#time/duration.ts'

type SeverityRule = NonNullable<RegistryCheckSpec['severity']>[number]
type IgnoreRule = NonNullable<RegistryCheckSpec['ignore']>[number]

export interface CheckOptions extends RegistryOptions, SelectionOptions, ContextOptions {
  readonly all?: true
  /** false: none is read, and nothing is known to be in use. */
  readonly clusters: boolean
  /** For reading all clusters, ms. */
  readonly clusterTimeout: number
  readonly alias: readonly RegistryAlias[]
  readonly depth: keyof typeof DEPTHS
  /** At depth content. */
  readonly bytesPerSecond?: number
  readonly platforms: keyof typeof PLATFORMS
  /** A duration. */
  readonly maxAge?: string
  readonly pullThrough?: true
  readonly referrers?: true
  readonly severity: readonly SeverityRule[]
  readonly ignore: readonly IgnoreRule[]
  readonly output: CheckOutput
}

/** What `tallyman check` is asked for. */
export interface AskedCheck {
  readonly place: RegistryPlace
  /** The repositories that are asked for by their names; undefined: those that the registry lists. */
  readonly named: readonly string[] | undefined
  readonly options: CheckOptions
}

/** As a RegistryCheck calls them. */
export const DEPTHS = { manifest: 'Manifest', blobs: 'Blobs', content: 'Content' } as const
export const PLATFORMS = { all: 'All', nodes: 'Nodes' } as const

export function withCheckOptions(command: Command): Command {
  return withContextOptions(withSelectionOptions(withRegistryOptions(command)))
    .option('--all', 'every repository and tag, and not only what the clusters use')
    .option('--no-clusters', 'with --all: read no cluster; nothing is then known to be in use')
    .addOption(durationOption('--cluster-timeout', 'how long reading all clusters may take', '60s'))
    .addOption(aliasOption())
    .addOption(
      new Option(
        '--depth <depth>',
        'manifest: tags and manifests; blobs: also that configs and layers are there in full length; content: all of their bytes',
      )
        .choices(Object.keys(DEPTHS))
        .default('blobs'),
    )
    .addOption(
      new Option(
        '--bytes-per-second <n>',
        'how much is read at depth content at most; default: 20 MiB',
      ).argParser(wholeNumber(65_536, 10_737_418_240)),
    )
    .addOption(
      new Option('--platforms <which>', 'of an index: all; nodes: those that nodes of the clusters can run')
        .choices(Object.keys(PLATFORMS))
        .default('all'),
    )
    .addOption(
      new Option(
        '--max-age <duration>',
        'with --all: leave out what nobody uses and was built longer ago, such as 90d',
      ).argParser(parseAge),
    )
    .option('--referrers', 'look at signatures, attestations and SBOMs as well')
    .option('--pull-through', 'the registry is a pull-through cache: ask by HEAD alone, whatever --depth')
    .addOption(
      repeatedRule(
        '--severity <namespaces=level>',
        `how bad it is for namespaces that match, such as "prod-*=Critical": ${SEVERITIES.join(', ')}; the first that matches`,
        parseSeverity,
      ),
    )
    .addOption(
      repeatedRule('--ignore <image[=code]>', 'findings about images that match are accepted', parseIgnore),
    )
    .addOption(
      new Option(
        '-o, --output <format>',
        'table: what is wrong, a line for each image; json and csv: the reports of a RegistryCheck',
      )
        .choices(CHECK_OUTPUTS)
        .default('table'),
    )
}

function parseSeverity(text: string): SeverityRule {
  const { name, value } = splitRule(text)
  const level = SEVERITIES.find((each) => each.toLowerCase() === value.toLowerCase())
  if (name !== '' && level !== undefined) return { namespaces: [name], level }
  throw new InvalidArgumentError(
    `must be PATTERN=LEVEL, such as prod-*=Critical; levels are ${SEVERITIES.join(', ')}.`,
  )
}

/** The last moment that RFC 3339 can say: one run is over before. */
const FOR_THIS_RUN = '9999-12-31T23:59:59Z'

function parseIgnore(text: string): IgnoreRule {
  const { name: image, value } = splitRule(text)
  const rule = { image, until: FOR_THIS_RUN, reason: '--ignore' }
  const code = FindingCodeField.safeParse(value)
  if (image !== '' && value === '' && !text.endsWith('=')) return rule
  if (image !== '' && code.success) return { ...rule, code: code.data }
  throw new InvalidArgumentError(
    `must be PATTERN or PATTERN=CODE, such as registry.example.com/legacy/**=PlatformMissing; codes are ${FindingCodeField.options.join(', ')}.`,
  )
}

function parseAge(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text
  throw new InvalidArgumentError('must be a duration such as 90d.')
}
