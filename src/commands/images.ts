import { Command, InvalidArgumentError, Option } from 'commander'
import { counted } from '#catalogue/counted.ts'
import {
  type ClusterOptions,
  contextsFor,
  surveyOptions,
  withClusterOptions,
} from '#commands/cluster-options.ts'
import { formatImages, type ListedImage, OUTPUTS, type Output } from '#commands/image-list.ts'
import { imageUsers } from '#commands/image-users.ts'
import { isPlaceless, liesIn, parseRegistryFilter, type RegistryFilter } from '#commands/registry-filter.ts'
import { type Survey, survey } from '#commands/survey.ts'
import type { Terminal } from '#commands/terminal.ts'

export interface ImagesOptions extends ClusterOptions {
  /** Empty: images of every registry. */
  readonly registry: readonly RegistryFilter[]
  readonly output: Output
}

const INCOMPLETE = 3

/** `tallyman images`. @param run prints it; resolves with the exit code */
export function imagesCommand(run: (options: ImagesOptions) => Promise<number>): Command {
  return withClusterOptions(new Command('images'))
    .description('Print every image that clusters use, each once, sorted.')
    .addOption(
      new Option(
        '--registry <host[/path]>',
        'only images of this registry, or at or below a path of it; may be repeated',
      )
        .argParser((text, before: readonly RegistryFilter[]) => [...before, registryFilter(text)])
        .default([], 'all'),
    )
    .addOption(
      new Option(
        '-o, --output <format>',
        'table; json: everything that is known; names: one reference a line, as a kubelet pulls it',
      )
        .choices(OUTPUTS)
        .default('table'),
    )
    .addHelpText('after', EXIT_CODES)
    .action(async (options: ImagesOptions, command: Command) => {
      process.exitCode = await run({ ...options, contexts: contextsFor(options, command) })
    })
}

const EXIT_CODES = `
Exit codes: 0 the list is complete; 1 it would not be, and nothing is printed; 3 it is not, as --allow-missing allows.`

/** @returns the exit code @throws KUBE_CONFIG_INVALID, CANCELLED */
export async function printImages(
  options: ImagesOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const found = await survey(surveyOptions(options, terminal), signal)
  if (found === undefined) return 1
  const images = listed(found, options.registry, terminal)
  await terminal.print(formatImages(images, options.output, terminal.columns))
  return found.missing.length === 0 ? 0 : INCOMPLETE
}

function listed(
  { snapshot: { images }, clusters }: Survey,
  filters: readonly RegistryFilter[],
  terminal: Terminal,
): ListedImage[] {
  const isWanted = (use: ListedImage['use']) =>
    filters.length === 0 || filters.some((filter) => liesIn(filter, use))
  const users = imageUsers(clusters.flatMap(({ name, uses }) => [...uses.usages(name)]))
  const placeless = filters.length === 0 ? 0 : images.filter(isPlaceless).length
  if (placeless > 0) {
    const which = counted(placeless, 'image')
    terminal.note(`tallyman: ${which} left out: no legal reference, and no registry could be made out.`)
  }
  return images.filter(isWanted).map((use) => ({
    use,
    users: users.get(use.image) ?? { clusters: [], workloads: [] },
  }))
}

function registryFilter(text: string): RegistryFilter {
  const filter = parseRegistryFilter(text)
  if (filter !== undefined) return filter
  throw new InvalidArgumentError('must be host[:port][/path], such as registry.example.com/team.')
}
