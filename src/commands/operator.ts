import { Command, InvalidArgumentError, Option } from 'commander'
import { durationOption } from '#commands/duration-option.ts'
import { shortestLeaseMs } from '#runtime/lease-times.ts'
import { LOG_LEVELS, type LogLevel } from '#runtime/logger.ts'

export interface OperatorOptions {
  /** Path; absent: KUBECONFIG, the default file, or the cluster that the process runs in. */
  readonly kubeconfig?: string
  readonly context?: string
  /** Holds the Lease. */
  readonly namespace: string
  readonly listen: { readonly host: string; readonly port: number }
  /** Milliseconds. */
  readonly leaseDuration: number
  readonly renewDeadline: number
  readonly retryPeriod: number
  readonly claimInterval: number
  readonly logLevel: LogLevel
  /** `namespace/name` of a RegistryCheck. */
  readonly defaultCheck?: string
}

/** `tallyman operator`. @param run assembles and runs it; resolves when it has shut down */
export function operatorCommand(run: (options: OperatorOptions) => Promise<void>): Command {
  return new Command('operator')
    .description('Watch the cluster and keep the objects of group tallyman.dev up to date.')
    .option(
      '--kubeconfig <file>',
      'kubeconfig to use; default: KUBECONFIG, ~/.kube/config, or the cluster it runs in',
    )
    .option('--context <name>', 'context of the kubeconfig; default: its current one')
    .addOption(
      new Option('--namespace <name>', 'namespace of the Lease')
        .env('POD_NAMESPACE')
        .default('tallyman-system'),
    )
    .addOption(
      new Option('--listen <host:port>', 'address of probes and metrics')
        .argParser(address)
        .default({ host: '127.0.0.1', port: 8080 }, '127.0.0.1:8080'),
    )
    .addOption(durationOption('--lease-duration', 'how long a standby waits before it takes over', '30s'))
    .addOption(durationOption('--renew-deadline', 'how long the leader goes on without renewing', '20s'))
    .addOption(durationOption('--retry-period', 'time between renewals', '4s'))
    .addOption(
      durationOption(
        '--claim-interval',
        'time between looks at who else deletes from a registry; the same in every installation that uses it',
        '15s',
      ),
    )
    .addOption(
      new Option(
        '--default-check <namespace/name>',
        'the RegistryCheck that /_report.json, /_nagios_check_registry and the like are about',
      ).argParser(checkName),
    )
    .addOption(
      new Option('--log-level <level>', 'lowest level that is logged').choices(LOG_LEVELS).default('info'),
    )
    .action((options: OperatorOptions, command: Command) => {
      const fault = leaseFault(options)
      if (fault !== undefined) command.error(`error: ${fault}`)
      return run(options)
    })
}

/** What is wrong with the three times of the election, and which flag mends it; undefined where nothing is. */
function leaseFault({ leaseDuration, renewDeadline, retryPeriod }: OperatorOptions): string | undefined {
  const shortest = shortestLeaseMs(renewDeadline)
  if (leaseDuration < shortest) {
    return (
      `--lease-duration ${leaseDuration}ms is too short for --renew-deadline ${renewDeadline}ms: a request that the leader ` +
      `has sent must end before another replica leads. Use --lease-duration ${shortest}ms or more, or a shorter --renew-deadline.`
    )
  }
  if (renewDeadline <= retryPeriod * 1.2) {
    return (
      `--renew-deadline ${renewDeadline}ms leaves no time to try again every ${retryPeriod}ms. ` +
      'Use more than 1.2 times --retry-period, or a shorter --retry-period.'
    )
  }
  return undefined
}

function checkName(text: string): string {
  if (/^[a-z0-9-]+\/[a-z0-9.-]+$/.test(text)) return text
  throw new InvalidArgumentError('must be namespace/name of a RegistryCheck, such as shop/in-use.')
}

function address(text: string): OperatorOptions['listen'] {
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65535) {
    throw new InvalidArgumentError('must be host:port, such as 0.0.0.0:8080 or [::]:8080.')
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}
