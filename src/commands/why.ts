import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { type AskedImage, parseAskedImage } from '#commands/asked-image.ts'
import {
  type ClusterOptions,
  contextsFor,
  surveyOptions,
  withClusterOptions,
} from '#commands/cluster-options.ts'
import { ledgerMemory } from '#commands/ledger-memory.ts'
import { survey } from '#commands/survey.ts'
import type { Terminal } from '#commands/terminal.ts'
import { whyJson } from '#commands/why-json.ts'
import { whyReport } from '#commands/why-report.ts'
import { whyText } from '#commands/why-text.ts'

export interface WhyOptions extends ClusterOptions {
  readonly image: AskedImage
  readonly output: 'text' | 'json'
  readonly ledger: boolean
  readonly ledgerNamespace: string
  /** `namespace/name` */
  readonly inventory?: string
}

const UNUSED = 2
const INCOMPLETE = 3

/** `tallyman why`. @param run prints it; resolves with the exit code */
export function whyCommand(run: (options: WhyOptions) => Promise<number>): Command {
  return withClusterOptions(new Command('why'))
    .description('Print who uses an image: clusters, workloads, pods, nodes that cache it.')
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
    .addHelpText('after', EXIT_CODES)
    .action(async (image: AskedImage, options: Omit<WhyOptions, 'image'>, command: Command) => {
      const contexts = contextsFor(options, command)
      process.exitCode = await run({ ...options, contexts, image })
    })
}

const EXIT_CODES = `
Exit codes: 0 something uses it, or seems to; 2 nothing does now; 1 a cluster could not be read, and nothing is printed;
3 nothing does in the clusters that could be read, where --allow-missing left one out.`

/** @returns the exit code @throws KUBE_CONFIG_INVALID, CANCELLED */
export async function printWhy(
  options: WhyOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { image, kubeconfig, ledgerNamespace, inventory } = options
  const found = await survey(surveyOptions(options, terminal), signal)
  if (found === undefined) return 1
  const ledger = { kubeconfig, namespace: ledgerNamespace, inventory }
  const remembered = options.ledger ? await ledgerMemory(image, ledger, terminal, signal) : undefined
  const report = whyReport(image, found.snapshot.images, found.clusters, remembered)
  await terminal.print(options.output === 'json' ? whyJson(report) : whyText(report))
  if (report.inUse !== 'no') return 0
  return found.missing.length === 0 ? UNUSED : INCOMPLETE
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
