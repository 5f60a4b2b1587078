import type { Command } from 'commander'
import { aliasOption } from '#commands/alias-option.ts'
import { withWholeContextOptions } from '#commands/cluster-options.ts'
import type { ClusterUseOptions } from '#commands/cluster-use.ts'
import { durationOption } from '#commands/duration-option.ts'
import { type RegistryOptions, withRegistryAccess } from '#commands/registry-options.ts'
import { repeatable } from '#commands/repeatable-option.ts'
import { workspaceOption } from '#commands/workspace-option.ts'
import type { RegistryAlias } from '#inventory/locate.ts'

export interface RmOptions extends RegistryOptions, ClusterUseOptions {
  readonly alias: readonly RegistryAlias[]
  readonly allTags?: true
  /** Names of images that may be in use. */
  readonly forceInUse: readonly string[]
  readonly dryRun?: true
  readonly yes?: true
  readonly placeholder?: true
  /** What the repositories of the workspace begin with. */
  readonly workspace: string
  /** false: none is written, and nothing can be restored. */
  readonly journal: boolean
}

export function withRmOptions(command: Command): Command {
  return withWholeContextOptions(withRegistryAccess(command))
    .addOption(durationOption('--cluster-timeout', 'how long reading all clusters may take', '60s'))
    .addOption(aliasOption())
    .option(
      '--all-tags',
      'a digest takes along all tags that name it, and not only those that are named here',
    )
    .addOption(
      repeatable(
        '--force-in-use <image>',
        'remove this image although it is in use: the image once more, as it is named; may be repeated',
      ),
    )
    .option('--dry-run', 'print what would go and ask for nothing to be deleted')
    .option('-y, --yes', 'do not ask')
    .option(
      '--placeholder',
      'where the registry cannot delete a tag by its name, write a placeholder over it and delete that; always so on distribution 2.x',
    )
    .addOption(workspaceOption('the journal is kept in repositories below it'))
    .option('--no-journal', 'keep no journal: what goes cannot be restored')
}
