import { Command, Option } from 'commander'
import { chosenRepositories } from '#commands/chosen-repositories.ts'
import { COUNT_OUTPUTS, type CountOutput, CountTotal, countFormat } from '#commands/count-format.ts'
import { type CountRow, countRows } from '#commands/count-rows.ts'
import type { ListingProgress } from '#commands/listing-progress.ts'
import { printListing } from '#commands/print-listing.ts'
import { ProblemNotes } from '#commands/problem-notes.ts'
import { type RegistryOptions, registryPlace, withRegistryOptions } from '#commands/registry-options.ts'
import type { RegistryPlace } from '#commands/registry-place.ts'
import type { AskedRegistry, RegistrySession } from '#commands/registry-session.ts'
import {
  type Selected,
  type SelectionOptions,
  selected,
  withSelectionOptions,
} from '#commands/selection-options.ts'

export interface CountCommandOptions extends RegistryOptions, SelectionOptions {
  readonly output: CountOutput
}

/** What `tallyman count` is asked for. */
export interface AskedCount {
  readonly place: RegistryPlace
  readonly selected: Selected
  readonly options: CountCommandOptions
}

/** `tallyman count`. @param run prints it; resolves with the exit code */
export function countCommand(run: (asked: AskedCount) => Promise<number>): Command {
  return withSelectionOptions(withRegistryOptions(new Command('count')))
    .description('Count the tags of a registry, of each repository and in all.')
    .addOption(
      new Option('-o, --output <format>', 'table; json; csv, without the total')
        .choices(COUNT_OUTPUTS)
        .default('table'),
    )
    .addHelpText('after', EXIT_CODES)
    .action(async (registry: string, options: CountCommandOptions, command: Command) => {
      const place = registryPlace(registry, options, command)
      process.exitCode = await run({ place, options, selected: selected(place, options, command) })
    })
}

const EXIT_CODES = `
Exit codes: 0 everything is counted; 3 everything but repositories that could not be read, which are marked;
1 it failed, or broke off after what is printed.`

/** @returns the exit code @throws CANCELLED */
export function printCount(
  { place, selected, options }: AskedCount,
  surroundings: Omit<AskedRegistry, 'place' | 'options'>,
): Promise<number> {
  const notes = new ProblemNotes()
  const total = new CountTotal()
  const format = countFormat(place.host, options.output, total)
  const rows = ({ client, signal }: RegistrySession, progress: ListingProgress) => {
    const repositories = chosenRepositories(client, selected, signal)
    const { concurrency } = options
    return added(countRows(client, repositories, { selected, concurrency, signal }), total, notes, progress)
  }
  return printListing({ ...surroundings, place, options }, { format, notes, rows })
}

async function* added(
  rows: AsyncIterable<CountRow>,
  total: CountTotal,
  notes: ProblemNotes,
  progress: ListingProgress,
): AsyncGenerator<CountRow, void, void> {
  for await (const row of rows) {
    total.add(row)
    notes.add(row, true)
    progress.repositories = total.repositories
    progress.tags = total.tags
    yield row
  }
}
