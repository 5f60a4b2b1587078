import { Command } from 'commander'
import { contextsFor } from '#commands/cluster-options.ts'
import { clusterUse } from '#commands/cluster-use.ts'
import { leftOutText } from '#commands/own-repositories.ts'
import { formatPlan, WITHOUT_MEMORY } from '#commands/plan-format.ts'
import { type AskedPlan, type PlanOptions, withPlanOptions } from '#commands/plan-options.ts'
import { PlanProgress } from '#commands/plan-progress.ts'
import { planRules, refuseContradictions, saysRules } from '#commands/plan-rules.ts'
import { planRegistry } from '#commands/plan-run.ts'
import { printable } from '#commands/printable.ts'
import { showLine } from '#commands/progress-line.ts'
import { registryPlace } from '#commands/registry-options.ts'
import type { PlaceAdvice } from '#commands/registry-place.ts'
import { type AskedRegistry, FAILED, withRegistry } from '#commands/registry-session.ts'
import { RowPrinter } from '#commands/row-printer.ts'
import { shadowedText } from '#retention/shadowed-rules.ts'
import { unmatchedText } from '#retention/unmatched-rules.ts'
import { systemClock } from '#time/clock.ts'

/** Something of the plan may be wrong, and was told. */
const DOUBTFUL = 3

/** `tallyman plan`. @param run prints it; resolves with the exit code */
export function planCommand(run: (asked: AskedPlan) => Promise<number>): Command {
  return withPlanOptions(new Command('plan'))
    .description('Print which tags of a registry could go by some rules, and why. Nothing is deleted.')
    .addHelpText('after', REMARKS)
    .action(async (registry: string, options: PlanOptions, command: Command) => {
      const place = registryPlace(registry, options, command, ADVICE)
      refuseContradictions(options, command)
      if (!saysRules(options)) command.error(NOTHING_STAYS)
      process.exitCode = await run({
        place,
        options: { ...options, contexts: contextsFor(options, command) },
      })
    })
}

const ADVICE: PlaceAdvice = {
  forPattern: 'give the host alone; which repositories they are about, the rules of --rules say',
  forSlash: () =>
    'give one repository, or the host alone; which repositories they are about, the rules of --rules say',
  forImage:
    'a plan is of all tags of a repository, so give that alone; of one image, tallyman why IMAGE says by the same rules whether it stays',
}

const NOTHING_STAYS =
  "error: it is not said what stays: '--rules <file>', or one of '--keep-newest', '--keep-before-in-use', '--keep-younger-than' and '--keep-tag' is needed."

const REMARKS = `
It remembers nothing: what was in use an hour ago and is not now counts as unused, and nobody knows since when a tag has been what it is. So
its plan is for reading, and nothing carries it out.

Exit codes: 0 the plan is complete; 3 something may be wrong with it, which is told; 1 it failed, and nothing is printed.`

/** @returns the exit code @throws LOCAL_FILE_INVALID, SPEC_INVALID, CANCELLED */
export async function printPlan(
  { place, options }: AskedPlan,
  surroundings: Omit<AskedRegistry, 'place' | 'options' | 'observer'>,
): Promise<number> {
  const { terminal, signal } = surroundings
  const rules = await planRules(options, signal)
  return await withRegistry({ ...surroundings, place, options }, async (session) => {
    const use = await clusterUse(options, terminal, session.signal)
    if (use === undefined) return FAILED
    const progress = new PlanProgress(place.host)
    const endProgress = options.quiet ? () => undefined : showLine(terminal, systemClock, () => progress.line)
    const planning = planRegistry({ place, options }, rules, use, session, progress)
    const { document, doubts, leftOut, shadowedRules } = await planning.finally(endProgress)
    for (const doubt of doubts) terminal.note(printable(`tallyman: ${doubt}`))
    if (leftOut.length > 0) terminal.note(printable(`tallyman: ${leftOutText(leftOut)}`))
    // No doubt: rules may be written for several registries.
    const { unmatchedRules } = document
    if (unmatchedRules.length > 0) terminal.note(printable(`tallyman: ${unmatchedText(unmatchedRules)}`))
    if (shadowedRules.length > 0) terminal.note(printable(`tallyman: ${shadowedText(shadowedRules)}`))
    if (options.output !== 'table' && !options.quiet) terminal.note(`tallyman: ${WITHOUT_MEMORY}`)
    const code = doubts.length === 0 ? 0 : DOUBTFUL
    const printer = new RowPrinter<string>(terminal, { head: '', row: (piece) => piece, tail: '' })
    for (const piece of formatPlan(document, { output: options.output, kept: options.kept === true })) {
      if (!(await printer.row(piece))) return code
    }
    await printer.end()
    return code
  })
}
