import { type Command, InvalidArgumentError, Option } from 'commander'
import { type RegistryOptions, withRegistryAccess } from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import { RESTORE_OUTPUTS, type RestoreOutput } from '#commands/restore-format.ts'
import { workspaceOption } from '#commands/workspace-option.ts'

export interface RestoreOptions extends RegistryOptions {
  /** What the repositories of the workspace begin with. */
  readonly workspace: string
  readonly run?: string
  readonly list?: true
  readonly dryRun?: true
  readonly unsettled?: true
  readonly output: RestoreOutput
}

/** What `tallyman restore` is asked for. */
export interface AskedRestore {
  readonly place: RegistryPlace
  readonly tag: string | undefined
  readonly digest: string | undefined
  readonly options: RestoreOptions
}

const MAX_RUN = 64

export function withRestoreOptions(command: Command): Command {
  return withRegistryAccess(command)
    .addOption(workspaceOption('the journals lie in repositories below it'))
    .addOption(
      new Option(
        '--run <run>',
        'only what this run took away, as status.history or --list names it',
      ).argParser(run),
    )
    .option('--list', 'print what is gone and known, newest first, and bring nothing back')
    .option('--dry-run', 'print what would be brought back, and write nothing')
    .option(
      '--unsettled',
      'also where a run was interrupted in the middle of something; only where no operator runs that would finish it',
    )
    .addOption(
      new Option('-o, --output <format>', 'table, json or csv').choices(RESTORE_OUTPUTS).default('table'),
    )
}

function run(text: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text) && text.length <= MAX_RUN) return text
  throw new InvalidArgumentError('must be the name of a run, such as web-20261126t053000-1f2e.')
}
