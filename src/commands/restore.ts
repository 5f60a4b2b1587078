import { Argument, Command } from 'commander'
import { counted } from '#catalogue/counted.ts'
import { countedRepositories } from '#commands/listing-progress.ts'
import { minute } from '#commands/minute.ts'
import { printable } from '#commands/printable.ts'
import { showLine } from '#commands/progress-line.ts'
import { registryPlace } from '#commands/registry-options.ts'
import type { PlaceAdvice } from '#commands/registry-place.ts'
import { type AskedRegistry, withRegistry } from '#commands/registry-session.ts'
import { type RestoreRow, restoreFormat } from '#commands/restore-format.ts'
import { type AskedRestore, type RestoreOptions, withRestoreOptions } from '#commands/restore-options.ts'
import { broughtBack, type Gone, goneFrom, lookedAt, refuseUnsettled } from '#commands/restore-run.ts'
import { parseRestoreTarget } from '#commands/restore-target.ts'
import { RowPrinter } from '#commands/row-printer.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { Evicted } from '#evict/evicted.ts'
import { isDigest, isTag } from '#inventory/reference.ts'
import { systemClock } from '#time/clock.ts'

/** Something of it is not back. */
const INCOMPLETE = 3

/** `tallyman restore`. @param run does it; resolves with the exit code */
export function restoreCommand(run: (asked: AskedRestore) => Promise<number>): Command {
  const target = new Argument(
    '<registry>',
    'host[:port], host[:port]/repository, host[:port]/repository:tag or host[:port]/repository@sha256:…; https:// or http:// may stand before it',
  )
  return withRestoreOptions(new Command('restore').addArgument(target))
    .description('Bring back what a RegistryPolicy or tallyman rm took out of a registry, and verify it.')
    .addHelpText('after', REMARKS)
    .action(async (text: string, options: RestoreOptions, command: Command) => {
      const { place: written, tag, digest } = parseRestoreTarget(text)
      const place = registryPlace(written, options, command, ADVICE)
      const isWhole = place.repository === undefined && options.run === undefined
      if (isWhole && options.list !== true) {
        command.error("error: it is not said what to bring back: a repository, or a run with '--run'.")
      }
      if (tag !== undefined && !isTag(tag))
        command.error(`error: argument 'registry' is invalid. '${tag}' is no tag.`)
      if (digest !== undefined && !isDigest(digest)) {
        command.error(
          `error: argument 'registry' is invalid. '${digest}' is no whole digest: sha256: and 64 hex digits are needed.`,
        )
      }
      if (options.list === true && options.dryRun === true) {
        command.error("error: option '--list' brings nothing back, so that '--dry-run' says nothing more.")
      }
      process.exitCode = await run({ place, tag, digest, options })
    })
}

const ONE_PLACE =
  'give one repository, with :TAG or @sha256:DIGEST for one image of it, or the host alone with --run or --list'
const ADVICE: PlaceAdvice = { forPattern: ONE_PLACE, forSlash: () => ONE_PLACE, forImage: ONE_PLACE }

const REMARKS = `
What went is read from the journals below --workspace, and comes back with the bytes that it had: as long as the registry has not collected its garbage, or
a copy is in the trash. With a tag or a manifest come the signatures and attestations that went with it. A tag that names something else by now keeps that.

Exit codes: 0 all of it is back, or would be, or is listed; 3 some of it is not, or nothing is known that matches; 1 it failed.`

/** @returns the exit code @throws CANCELLED */
export async function restoreImages(
  asked: AskedRestore,
  surroundings: Omit<AskedRegistry, 'place' | 'options' | 'observer'>,
): Promise<number> {
  const { place, tag, digest, options } = asked
  const { terminal } = surroundings
  return await withRegistry({ ...surroundings, place, options }, async (session) => {
    const {
      things: gone,
      back,
      backAt,
      lost,
    } = await withProgress(asked, terminal, (read) => goneFrom(asked, session, read))
    for (const { repository, run } of lost) {
      const what = `the journal of the run ${run} is there and cannot be read, and nobody knows what it took`
      terminal.note(printable(`tallyman: JOURNAL_LOST: ${repository}: ${what}`))
    }
    if (gone.length === 0) {
      terminal.note(printable(`tallyman: ${nothingGone(asked, back, backAt)}`))
      const isListOfAll =
        options.list === true && options.run === undefined && tag === undefined && digest === undefined
      return (isListOfAll || back.length > 0) && lost.length === 0 ? 0 : INCOMPLETE
    }
    if (options.list !== true && options.unsettled !== true) await refuseUnsettled(gone, asked, session)
    const rows =
      options.list === true
        ? listed(gone)
        : options.dryRun === true
          ? lookedAt(gone, session)
          : broughtBack(gone, asked, session)
    const printer = new RowPrinter<RestoreRow>(terminal, restoreFormat(options.output))
    let isComplete = lost.length === 0
    for await (const row of rows) {
      if (row.outcome === 'Taken' || row.outcome === 'Failed') isComplete = false
      await printer.row(row.outcome === 'Present' ? { ...row, backAt: backAt(row.thing) } : row)
    }
    await printer.end()
    return isComplete ? 0 : INCOMPLETE
  })
}

async function withProgress<T>(
  { place, options }: AskedRestore,
  terminal: Terminal,
  work: (read: (repositories: number) => void) => Promise<T>,
): Promise<T> {
  let repositories = 0
  const line = () => `${place.host}: journals of ${countedRepositories(repositories)} read`
  const end = options.quiet === true ? () => undefined : showLine(terminal, systemClock, line)
  return await work((read) => {
    repositories = read
  }).finally(end)
}

function* listed(gone: readonly Evicted[]): Generator<RestoreRow> {
  for (const thing of gone) if (thing.isPart !== true) yield { thing, outcome: 'Evicted' }
}

function nothingGone(asked: AskedRestore, back: Gone['back'], backAt: Gone['backAt']): string {
  const seen = back.filter(({ isPart }) => isPart !== true)
  if (seen.length === 0) return `nothing is known to be gone from ${nameOf(asked)}`
  const last = Math.max(...seen.map((each) => backAt(each) ?? 0))
  const came = seen.length === 1 ? 'came back, on' : 'came back, the last on'
  const again = 'What is missing again comes back when it is named by its tag or digest.'
  return `nothing is gone from ${nameOf(asked)}: ${counted(seen.length, 'thing')} ${came} ${minute(last)}. ${again}`
}

function nameOf({ place, tag, digest, options }: AskedRestore): string {
  const { host, repository } = place
  const image = `${host}${repository === undefined ? '' : `/${repository}`}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
  return options.run === undefined
    ? `${image}, by the journals below ${options.workspace}`
    : `${image} by the run ${options.run}, by the journals below ${options.workspace}`
}
