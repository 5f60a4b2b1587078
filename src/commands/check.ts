import { Command } from 'commander'
import { formatCheck } from '#commands/check-format.ts'
import { type AskedCheck, type CheckOptions, withCheckOptions } from '#commands/check-options.ts'
import { CheckProgress } from '#commands/check-progress.ts'
import { checkRegistry } from '#commands/check-run.ts'
import { knownUse } from '#commands/check-use.ts'
import { contextsFor } from '#commands/cluster-options.ts'
import { showLine } from '#commands/progress-line.ts'
import { registryPlace } from '#commands/registry-options.ts'
import { type AskedRegistry, FAILED, withRegistry } from '#commands/registry-session.ts'
import { RowPrinter } from '#commands/row-printer.ts'
import { selected } from '#commands/selection-options.ts'
import { systemClock } from '#time/clock.ts'

/** `tallyman check`. @param run prints it; resolves with the exit code */
export function checkCommand(run: (asked: AskedCheck) => Promise<number>): Command {
  return withCheckOptions(new Command('check'))
    .description('Look whether every image that clusters use can be pulled, and everything else with --all.')
    .addHelpText('after', EXIT_CODES)
    .action(async (registry: string, options: CheckOptions, command: Command) => {
      const place = registryPlace(registry, options, command)
      const { named } = selected(place, options, command)
      refuseContradictions(options, command)
      const contexts = options.clusters ? contextsFor(options, command) : []
      process.exitCode = await run({ place, named, options: { ...options, contexts } })
    })
}

const EXIT_CODES = `
Exit codes: 0 all of it can be pulled; 2 something cannot, and is Critical or Warning; 4 only what is Info cannot, such as what nobody
uses; 3 not everything could be looked at, or nothing was; 1 it failed, and nothing is printed.`

function refuseContradictions(options: CheckOptions, command: Command): void {
  const { all, clusters, context, allContexts, kubeconfig, maxAge, platforms, depth, bytesPerSecond } =
    options
  const refuse = (problem: string) => command.error(`error: option ${problem}.`)
  if (!clusters) {
    if (all !== true) refuse("'--no-clusters' needs '--all': without clusters nothing is known to be in use")
    if (context.length > 0 || allContexts === true || kubeconfig !== undefined) {
      refuse("'--no-clusters' contradicts '--kubeconfig', '--context' and '--all-contexts'")
    }
    if (platforms === 'nodes') refuse("'--platforms nodes' needs clusters")
  }
  if (maxAge !== undefined && all !== true) refuse("'--max-age' needs '--all'")
  if (bytesPerSecond !== undefined && depth !== 'content') {
    refuse("'--bytes-per-second' needs '--depth content'")
  }
}

/** @returns the exit code @throws CANCELLED */
export async function printCheck(
  { place, named, options }: AskedCheck,
  surroundings: Omit<AskedRegistry, 'place' | 'options' | 'observer'>,
): Promise<number> {
  const { terminal } = surroundings
  const progress = new CheckProgress(place.host, options.all !== true)
  const observer = {
    finished: () => {
      progress.requests += 1
    },
  }
  return await withRegistry({ ...surroundings, place, options, observer }, async (session) => {
    const use = await knownUse(options, terminal, session.signal)
    if (use === undefined) return FAILED
    const endProgress = options.quiet ? () => undefined : showLine(terminal, systemClock, () => progress.line)
    const asked = { place, named, options }
    const { report, code } = await checkRegistry(asked, use, session, progress).finally(endProgress)
    const printer = new RowPrinter<string>(terminal, { head: '', row: (piece) => piece, tail: '' })
    for (const piece of formatCheck(report, options.output, terminal.columns)) {
      if (!(await printer.row(piece))) return code
    }
    await printer.end()
    return code
  })
}
