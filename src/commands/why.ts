import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { aliasOption } from '#commands/alias-option.ts'
import { type AskedImage, parseAskedImage } from '#commands/asked-image.ts'
import {
  type ClusterOptions,
  contextsFor,
  surveyOptions,
  withClusterOptions,
} from '#commands/cluster-options.ts'
import { durationOption } from '#commands/duration-option.ts'
import { ledgerMemory } from '#commands/ledger-memory.ts'
import { type RuleOptions, withRuleOptions } from '#commands/plan-options.ts'
import { planRules, refuseContradictions, saysRules } from '#commands/plan-rules.ts'
import {
  type RegistryOptions,
  refuseHalfLogin,
  registryPlace,
  withRegistryLogin,
} from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import { type AskedRegistry, FAILED, withRegistry } from '#commands/registry-session.ts'
import { survey } from '#commands/survey.ts'
import { whyJson } from '#commands/why-json.ts'
import { NO_RULES, policyRulings } from '#commands/why-policies.ts'
import { type Ruling, whyReport } from '#commands/why-report.ts'
import { whyText } from '#commands/why-text.ts'
import { readRepository, ruledImage } from '#commands/why-verdict.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import type { RegistryAlias } from '#inventory/locate.ts'

export interface WhyOptions extends ClusterOptions, Omit<RegistryOptions, 'timeout'>, RuleOptions {
  readonly image: AskedImage
  readonly output: 'text' | 'json'
  readonly ledger: boolean
  readonly ledgerNamespace: string
  /** `namespace/name` */
  readonly inventory?: string
  /** Whether RegistryPolicies of the clusters are asked, where no rules are given. */
  readonly policies: boolean
  readonly alias: readonly RegistryAlias[]
  /** For one small request to the registry, ms. */
  readonly requestTimeout: number
  /** Where the image is; undefined: no rules are given. */
  readonly place?: RegistryPlace
}

/** What commander makes of the options. */
type GivenOptions = Omit<WhyOptions, 'image' | 'place'>

const UNUSED = 2
const INCOMPLETE = 3

/** `tallyman why`. @param run prints it; resolves with the exit code */
export function whyCommand(run: (options: WhyOptions) => Promise<number>): Command {
  const command = withRegistryLogin(withRuleOptions(withClusterOptions(new Command('why'))))
  return command
    .description(
      'Print who uses an image: clusters, workloads, pods, nodes that cache it; and whether it stays, and why, by RegistryPolicies or by rules that are given.',
    )
    .addArgument(
      new Argument(
        '<image>',
        'registry/repository:tag, repository@sha256:…, or sha256:… alone, in whatever repository',
      ).argParser(askedImage),
    )
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .option('--no-ledger', "leave out what the operator of the current context's cluster remembers of it")
    .option('--ledger-namespace <name>', 'namespace of that operator', 'tallyman-system')
    .addOption(
      new Option(
        '--inventory <namespace/name>',
        'ImageInventory whose memory is read; default: all',
      ).argParser(inventoryName),
    )
    .option('--no-policies', 'without rules, ask no RegistryPolicy of the clusters whether it stays')
    .addOption(aliasOption())
    .addOption(durationOption('--request-timeout', 'how long one request to the registry may take', '30s'))
    .addHelpText('after', REMARKS)
    .action(async (image: AskedImage, options: GivenOptions, command: Command) => {
      const contexts = contextsFor(options, command)
      refuseHalfLogin(options, command)
      refuseContradictions(options, command)
      const place = saysRules(options) ? placeOf(image, options, command) : undefined
      process.exitCode = await run({ ...options, contexts, image, ...(place === undefined ? {} : { place }) })
    })
}

const REMARKS = `
Where a RegistryPolicy of the clusters is about the registry of the image, its repository is read, and it is said what becomes of it by the
rules of that policy. With --rules or a --keep option it is by those rules instead, as tallyman plan says it.

Exit codes: 0 something uses it, or seems to; 2 nothing does now; 1 a cluster or, with rules, the registry could not be read, and nothing is printed;
3 nothing does in the clusters that could be read, where --allow-missing left one out.`

/** @returns the exit code @throws KUBE_CONFIG_INVALID, LOCAL_FILE_INVALID, SPEC_INVALID, CANCELLED */
export async function printWhy(
  options: WhyOptions,
  surroundings: Omit<AskedRegistry, 'place' | 'options' | 'observer'>,
): Promise<number> {
  const { terminal, signal } = surroundings
  const { image, kubeconfig, ledgerNamespace, inventory, place } = options
  const rules = place === undefined ? [] : await planRules(options, signal)
  const found = await survey(surveyOptions(options, terminal), signal)
  if (found === undefined) return FAILED
  const ledger = { kubeconfig, namespace: ledgerNamespace, inventory }
  const remembered = options.ledger ? await ledgerMemory(image, ledger, terminal, signal) : undefined
  const print = async (ruling: Ruling) => {
    const report = whyReport(image, found.snapshot.images, found.clusters, remembered, ruling)
    await terminal.print(options.output === 'json' ? whyJson(report) : whyText(report))
    if (report.inUse !== 'no') return 0
    return found.missing.length === 0 ? UNUSED : INCOMPLETE
  }
  const { reference } = image
  const { concurrency, requestTimeout, alias, contexts = [undefined] } = options
  const registryOptions = { ...options, timeout: requestTimeout }
  if (place === undefined && reference !== undefined && options.policies) {
    const question = { reference, kubeconfig, contexts, found, options: registryOptions }
    return await print({ policies: await policyRulings(question, surroundings) })
  }
  if (place === undefined || reference === undefined) {
    const why = reference === undefined ? '; a digest alone names no registry' : ''
    if (options.quiet !== true) terminal.note(`${NO_RULES}${why}.`)
    return await print({})
  }
  return await withRegistry({ ...surroundings, place, options: registryOptions }, async (session) => {
    const names = { host: place.host, aliases: alias }
    const question = { image: reference, names, workspaces: [CLAIMS_REPOSITORY], concurrency }
    const asked = { ...question, snapshot: found.snapshot }
    return await print({ given: ruledImage(asked, await readRepository(asked, session), rules) })
  })
}

/** The registry of the image. Ends the process where none is named. */
function placeOf({ reference }: AskedImage, options: GivenOptions, command: Command): RegistryPlace {
  if (reference === undefined) {
    command.error("error: argument 'image' is a digest alone: with rules its repository has to be named too.")
  }
  return registryPlace(
    `${reference.host}/${reference.repository}`,
    { ...options, timeout: options.requestTimeout },
    command,
  )
}

function askedImage(text: string): AskedImage {
  const asked = parseAskedImage(text)
  if (asked !== undefined) return asked
  throw new InvalidArgumentError(
    'must be an image reference such as registry.example.com/team/app:v1, or a whole digest such as sha256:… with 64 hex digits.',
  )
}

function inventoryName(text: string): string {
  if (/^[a-z0-9-]+\/[a-z0-9.-]+$/.test(text)) return text
  throw new InvalidArgumentError('must be namespace/name, such as ops/everything.')
}
