import { Argument, type Command, Option } from 'commander'
import { durationOption } from '#commands/duration-option.ts'
import {
  type PlaceAdvice,
  parseRegistryPlace,
  type RegistryPlace,
  SELECTING,
} from '#commands/registry-place.ts'
import { repeatable } from '#commands/repeatable-option.ts'
import { wholeNumber } from '#commands/whole-number.ts'

/** How a command reaches a registry. */
export interface RegistryOptions {
  readonly plainHttp?: true
  /** Path. */
  readonly caFile?: string
  readonly username?: string
  readonly passwordStdin?: true
  /** Path; absent: the places where docker and podman keep it. */
  readonly authFile?: string
  readonly anonymous?: true
  /** Origins of token servers. */
  readonly trustedRealm: readonly string[]
  readonly concurrency: number
  readonly requestsPerSecond?: number
  /** For one small request, ms. */
  readonly timeout: number
  readonly quiet?: true
}

/** The argument and the options that say which registry, as whom, and how hard it may be worked. */
export function withRegistryOptions(command: Command): Command {
  return withRegistryAccess(
    command.addArgument(
      new Argument(
        '<registry>',
        'host[:port] of the registry, or host[:port]/repository; https:// or http:// may stand before it',
      ),
    ),
  )
}

/** The options alone, for a command that is told otherwise which registry. */
export function withRegistryAccess(command: Command): Command {
  return withRegistryLogin(command)
    .addOption(durationOption('--timeout', 'how long one request may take', '30s'))
    .option('-q, --quiet', 'say nothing of the progress; problems are still told')
}

/** The same without what a command that reads clusters has too. */
export function withRegistryLogin(command: Command): Command {
  return command
    .option('--plain-http', 'no TLS; on this machine itself it is found out')
    .option('--ca-file <file>', 'PEM certificates that are trusted besides those of the system')
    .addOption(new Option('--username <name>', 'log in as this user').conflicts('anonymous'))
    .option('--password-stdin', 'read the password of --username from stdin')
    .addOption(
      new Option(
        '--auth-file <file>',
        "docker config with the credentials; default: docker's config.json, then podman's auth.json",
      ).env('REGISTRY_AUTH_FILE'),
    )
    .addOption(new Option('--anonymous', 'send no credentials'))
    .addOption(
      repeatable(
        '--trusted-realm <url>',
        'token server that credentials may be sent to although it is on a private address or has no TLS; may be repeated',
      ),
    )
    .addOption(
      new Option('--concurrency <n>', 'requests under way at once').argParser(wholeNumber(1, 256)).default(8),
    )
    .addOption(new Option('--requests-per-second <n>', 'at most').argParser(wholeNumber(1, 10_000)))
}

/**
 * What the argument and the options mean together. Ends the process where they mean nothing.
 * @param advice what the command takes instead
 */
export function registryPlace(
  text: string,
  options: RegistryOptions,
  command: Command,
  advice: PlaceAdvice = SELECTING,
): RegistryPlace {
  refuseHalfLogin(options, command)
  const place = parseRegistryPlace(text, { plainHttp: options.plainHttp === true, advice })
  if ('problem' in place) command.error(`error: argument 'registry' is invalid. ${place.problem}`)
  return place
}

/** Ends the process where a user is named without a password, or the other way round. */
export function refuseHalfLogin(
  { username, passwordStdin }: Pick<RegistryOptions, 'username' | 'passwordStdin'>,
  command: Command,
): void {
  if (username !== undefined && passwordStdin !== true) {
    command.error("error: option '--username <name>' needs '--password-stdin'.")
  }
  if (username === undefined && passwordStdin === true) {
    command.error("error: option '--password-stdin' needs '--username <name>'.")
  }
}
