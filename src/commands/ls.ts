import { Command, Option } from 'commander'
import { chosenRepositories } from '#commands/chosen-repositories.ts'
import { LIST_OUTPUTS, type ListOutput, repositoryFormat, tagFormat } from '#commands/list-format.ts'
import type { ListingProgress } from '#commands/listing-progress.ts'
import { printListing } from '#commands/print-listing.ts'
import { ProblemNotes } from '#commands/problem-notes.ts'
import { type RegistryOptions, registryPlace, withRegistryOptions } from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import type { AskedRegistry, RegistrySession } from '#commands/registry-session.ts'
import {
  choosesTags,
  type Selected,
  type SelectionOptions,
  selected,
  withSelectionOptions,
} from '#commands/selection-options.ts'
import { type TagRow, tagRows } from '#commands/tag-rows.ts'

export interface LsOptions extends RegistryOptions, SelectionOptions {
  readonly recursive?: true
  readonly digests?: true
  readonly mediaTypes?: true
  readonly output: ListOutput
}

/** What `tallyman ls` is asked for. */
export interface AskedList {
  readonly place: RegistryPlace
  readonly selected: Selected
  readonly options: LsOptions
}

/** `tallyman ls`. @param run prints it; resolves with the exit code */
export function lsCommand(run: (asked: AskedList) => Promise<number>): Command {
  return withSelectionOptions(withRegistryOptions(new Command('ls')))
    .description(
      'Print the repositories of a registry, or the tags of one repository or of all, as they come.',
    )
    .option('-R, --recursive', 'the tags of all repositories')
    .option('-d, --digests', 'with the digest of each tag, at the price of a request for each; implies -R')
    .option('-m, --media-types', 'with the media type of each tag, at the same price; implies -R')
    .addOption(
      new Option('-o, --output <format>', 'table; names: one reference a line, and nothing else; json; csv')
        .choices(LIST_OUTPUTS)
        .default('table'),
    )
    .addHelpText('after', EXIT_CODES)
    .action(async (registry: string, options: LsOptions, command: Command) => {
      const place = registryPlace(registry, options, command)
      process.exitCode = await run({ place, options, selected: selected(place, options, command) })
    })
}

const EXIT_CODES = `
A pattern of tags implies -R as well.

Exit codes: 0 the list is complete; 3 it is but for repositories or tags that could not be read, which are marked;
1 it failed, or broke off after what is printed.`

/** @returns the exit code @throws CANCELLED */
export function printList(
  { place, selected, options }: AskedList,
  surroundings: Omit<AskedRegistry, 'place' | 'options'>,
): Promise<number> {
  const { recursive, digests = false, mediaTypes = false, output } = options
  const asked = { ...surroundings, place, options }
  const details = digests || mediaTypes
  const notes = new ProblemNotes()
  if (place.repository === undefined && recursive !== true && !details && !choosesTags(options)) {
    const rows = (session: RegistrySession, progress: ListingProgress) =>
      countedRepositories(session, { ...selected, named: undefined }, progress)
    return printListing(asked, { format: repositoryFormat(place.host, output), notes, rows })
  }
  const rows = ({ client, signal }: RegistrySession, progress: ListingProgress) => {
    const repositories = countedRepositories({ client, signal }, selected, progress)
    const found = tagRows(client, repositories, {
      ...{ selected, details, signal },
      concurrency: options.concurrency,
    })
    return countedTags(found, notes, output, progress)
  }
  const columns = surroundings.terminal.columns
  const format = tagFormat(place.host, output, { digests, mediaTypes }, columns)
  return printListing(asked, { format, notes, rows })
}

async function* countedRepositories(
  { client, signal }: Pick<RegistrySession, 'client' | 'signal'>,
  selected: Selected,
  progress: ListingProgress,
): AsyncGenerator<string, void, void> {
  for await (const repository of chosenRepositories(client, selected, signal)) {
    progress.repositories += 1
    yield repository
  }
}

async function* countedTags(
  rows: AsyncIterable<TagRow>,
  notes: ProblemNotes,
  output: ListOutput,
  progress: ListingProgress,
): AsyncGenerator<TagRow, void, void> {
  for await (const row of rows) {
    if (row.tag !== undefined) progress.tags += 1
    notes.add(row, output !== 'names')
    yield row
  }
}
