import { Command } from 'commander'
import { TallymanError } from '#catalogue/error.ts'
import { operatorCommand } from '#commands/operator.ts'
import { runOperator } from './operator.ts'
import { version } from './version.ts'

const program = new Command('tallyman')
  .description('Holds what every cluster uses against what the container registries contain.')
  .version(version())
  .showHelpAfterError()
  .addCommand(operatorCommand(runOperator))

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
