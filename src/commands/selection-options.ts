import type { Command } from 'commander'
import type { RegistryPlace } from '#commands/registry-place.ts'
import { repeatable } from '#commands/repeatable-option.ts'
import { impossibleGlob, REPOSITORY_NAMES, TAGS } from '#crds/glob.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import { compileSelection, type Selection } from '#scan/selection.ts'

/** Which repositories and tags are meant, by patterns as in a RegistryCheck. */
export interface SelectionOptions {
  readonly repository: readonly string[]
  readonly excludeRepository: readonly string[]
  readonly tag: readonly string[]
  readonly excludeTag: readonly string[]
}

/** What a command is asked to list. */
export interface Selected extends Selection {
  /** Repositories that are named outright, so that the registry need not list any; undefined: all that it lists and match. */
  readonly named: readonly string[] | undefined
}

export function withSelectionOptions(command: Command): Command {
  return command
    .addOption(
      repeatable(
        '-r, --repository <pattern>',
        'only these repositories, such as "shop/**" (* stops at a slash, ** does not); may be repeated',
      ),
    )
    .addOption(repeatable('--exclude-repository <pattern>', 'not these repositories; may be repeated'))
    .addOption(repeatable('--tag <pattern>', 'only these tags, such as "v1.*"; may be repeated'))
    .addOption(repeatable('--exclude-tag <pattern>', 'not these tags; may be repeated'))
}

/** Ends the process where place and options contradict each other. */
export function selected(
  { repository: named }: Pick<RegistryPlace, 'repository'>,
  options: SelectionOptions,
  command: Command,
): Selected {
  const { repository, excludeRepository } = options
  if (named !== undefined && repository.length + excludeRepository.length > 0) {
    command.error(
      "error: the argument 'registry' names a repository, and '--repository' or '--exclude-repository' does too.",
    )
  }
  refuseImpossible(options, command)
  const selection = compileSelection(selectOf(options))
  if (named !== undefined) return { ...selection, named: [named] }
  const areNames = repository.length > 0 && repository.every((pattern) => !/[*?]/.test(pattern))
  return { ...selection, named: areNames ? [...new Set(repository)].filter(selection.repository) : undefined }
}

function refuseImpossible(options: SelectionOptions, command: Command): void {
  const { repository, excludeRepository, tag, excludeTag } = options
  for (const [flag, patterns, names] of [
    ['--repository', repository, REPOSITORY_NAMES],
    ['--exclude-repository', excludeRepository, REPOSITORY_NAMES],
    ['--tag', tag, TAGS],
    ['--exclude-tag', excludeTag, TAGS],
  ] as const) {
    const problem = patterns
      .map((pattern) => impossibleGlob(pattern, names))
      .find((each) => each !== undefined)
    if (problem !== undefined) command.error(`error: option '${flag}' is invalid. ${problem}.`)
  }
}

/** The patterns as `spec.select` of a RegistryCheck has them. */
export function selectOf(options: SelectionOptions): NonNullable<RegistryCheckSpec['select']> {
  const { repository, excludeRepository, tag, excludeTag } = options
  return {
    repositories: some(repository),
    excludeRepositories: some(excludeRepository),
    tags: some(tag),
    excludeTags: some(excludeTag),
  }
}

/** Tags are chosen. */
export function choosesTags({ tag, excludeTag }: SelectionOptions): boolean {
  return tag.length + excludeTag.length > 0
}

function some(patterns: readonly string[]): string[] | undefined {
  return patterns.length === 0 ? undefined : [...patterns]
}
