import { type Command, InvalidArgumentError, Option } from 'commander'
import type { SourcesConfig } from '#clusters/sources-config.ts'
import { chosenContexts } from '#commands/chosen-contexts.ts'
import { durationOption } from '#commands/duration-option.ts'
import { parseSources, SOURCE_NAMES } from '#commands/source-choice.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { WatchOptions } from '#commands/watch-contexts.ts'
import { contextsOf } from '#kube/kubeconfig.ts'
import { systemClock } from '#time/clock.ts'

/** Which clusters a command reads, and what counts there. */
export interface ContextOptions {
  /** Path; absent: KUBECONFIG, the default file, or the cluster that the process runs in. */
  readonly kubeconfig?: string
  /** Names and patterns; empty: the current context. */
  readonly context: readonly string[]
  readonly allContexts?: true
  readonly sources: SourcesConfig
  /** How long a pod counts after it finished, ms. */
  readonly retain: number
  readonly allowMissing?: true
  /** What `contextsFor` made of it. */
  readonly contexts?: readonly (string | undefined)[]
}

/** The same of a command that reads nothing else. */
export interface ClusterOptions extends ContextOptions {
  /** For everything that is read, ms. */
  readonly timeout: number
  readonly quiet?: true
}

const CONTEXT_FLAG = '--context <name>'

export function withClusterOptions(command: Command): Command {
  return withContextOptions(command)
    .addOption(durationOption('--timeout', 'how long reading all clusters may take', '60s'))
    .option('-q, --quiet', 'say nothing of the progress; problems are still told')
}

export function withContextOptions(command: Command): Command {
  return withWholeContextOptions(command).option(
    '--allow-missing',
    'leave out clusters that cannot be read, and exit with 3',
  )
}

/** For a command that does nothing unless every cluster could be read. */
export function withWholeContextOptions(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'kubeconfig to use; default: KUBECONFIG, ~/.kube/config, or the cluster it runs in',
    )
    .addOption(
      new Option(
        CONTEXT_FLAG,
        'context of the kubeconfig, or a pattern such as "prod-*"; may be repeated; default: its current one',
      )
        .argParser((text, before: readonly string[]) => [...before, text])
        .default([], 'the current one'),
    )
    .addOption(new Option('--all-contexts', 'every context of the kubeconfig').conflicts('context'))
    .addOption(
      new Option('--sources <names>', 'what counts as use, with commas between')
        .argParser(sources)
        .default(sources(SOURCE_NAMES.join(',')), SOURCE_NAMES.join(',')),
    )
    .addOption(durationOption('--retain', 'how long a pod counts after it finished', '31d'))
}

/**
 * The contexts that are meant; undefined in place of a name: the current one. Ends the process where one is not known.
 * @throws KUBE_CONFIG_INVALID
 */
export function contextsFor(options: ContextOptions, command: Command): readonly (string | undefined)[] {
  const { kubeconfig, context, allContexts } = options
  if (allContexts !== true && context.length === 0) return [undefined]
  const known = contextsOf({ kubeconfig })
  if (allContexts === true) {
    if (known.length === 0) command.error("error: option '--all-contexts': the kubeconfig has no context.")
    return known
  }
  const chosen = chosenContexts(context, known)
  if ('contexts' in chosen) return chosen.contexts
  command.error(`error: option '${CONTEXT_FLAG}' argument '${chosen.wrong}' is invalid. ${chosen.problem}`)
}

export function surveyOptions(options: ClusterOptions, terminal: Terminal): WatchOptions {
  const { kubeconfig, contexts = [undefined], sources: counted, retain, timeout } = options
  return {
    kubeconfig,
    contexts,
    sources: counted,
    retainMs: retain,
    timeoutMs: timeout,
    allowMissing: options.allowMissing === true,
    quiet: options.quiet === true,
    terminal,
    clock: systemClock,
  }
}

function sources(text: string): SourcesConfig {
  const parsed = parseSources(text)
  if (parsed !== undefined) return parsed
  throw new InvalidArgumentError(`must be some of ${SOURCE_NAMES.join(', ')}, with commas between.`)
}
