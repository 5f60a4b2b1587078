import { Command } from 'commander'
import { TallymanError } from '#catalogue/error.ts'
import { checkCommand, printCheck } from '#commands/check.ts'
import { countCommand, printCount } from '#commands/count.ts'
import { imagesCommand, printImages } from '#commands/images.ts'
import { interruptible } from '#commands/interrupt.ts'
import { lsCommand, printList } from '#commands/ls.ts'
import { operatorCommand } from '#commands/operator.ts'
import { planCommand, printPlan } from '#commands/plan.ts'
import { restoreCommand, restoreImages } from '#commands/restore.ts'
import { removeImages, rmCommand } from '#commands/rm.ts'
import { ProcessTerminal } from '#commands/terminal.ts'
import { printWhy, whyCommand } from '#commands/why.ts'
import { runOperator } from './operator.ts'
import { version } from './version.ts'

const terminal = new ProcessTerminal(process.stdout, process.stderr)
const userAgent = `tallyman/${version()}`
const program = new Command('tallyman')
  .description('Holds what every cluster uses against what the container registries contain.')
  .version(version())
  .showHelpAfterError()
  .addCommand(operatorCommand(runOperator))
  .addCommand(imagesCommand((options) => interruptible((signal) => printImages(options, terminal, signal))))
  .addCommand(
    whyCommand((options) => interruptible((signal) => printWhy(options, { terminal, userAgent, signal }))),
  )
  .addCommand(
    lsCommand((asked) => interruptible((signal) => printList(asked, { terminal, userAgent, signal }))),
  )
  .addCommand(
    countCommand((asked) => interruptible((signal) => printCount(asked, { terminal, userAgent, signal }))),
  )
  .addCommand(
    checkCommand((asked) => interruptible((signal) => printCheck(asked, { terminal, userAgent, signal }))),
  )
  .addCommand(
    planCommand((asked) => interruptible((signal) => printPlan(asked, { terminal, userAgent, signal }))),
  )
  .addCommand(
    rmCommand((asked) => interruptible((signal) => removeImages(asked, { terminal, userAgent, signal }))),
  )
  .addCommand(
    restoreCommand((asked) =>
      interruptible((signal) => restoreImages(asked, { terminal, userAgent, signal })),
    ),
  )

try {
  await program.parseAsync()
} catch (error) {
  // What a code names is the user's to mend and needs no stack trace.
  process.stderr.write(
    error instanceof TallymanError ? `tallyman: ${error.code}: ${error.advice}\n` : `${format(error)}\n`,
  )
  process.exit(1)
}

function format(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
