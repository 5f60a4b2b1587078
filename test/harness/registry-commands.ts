import { Command } from 'commander'
import { checkCommand, printCheck } from '#commands/check.ts'
import { countCommand, printCount } from '#commands/count.ts'
import { lsCommand, printList } from '#commands/ls.ts'
import type { Terminal } from '#commands/terminal.ts'

/** What a command has written, to a pipe. */
export class Pipe implements Terminal {
  out = ''
  err = ''
  readonly columns = undefined
  readonly progress: Terminal['progress'] = undefined

  async print(text: string): Promise<boolean> {
    this.out += text
    return true
  }

  note(line: string): void {
    this.err += `${line}\n`
  }

  show(): void {
    throw new Error('a pipe is shown nothing')
  }

  /** Without the head. */
  get rows(): string[] {
    return this.out.split('\n').slice(1, -1)
  }
}

export interface Outcome {
  readonly code: number | undefined
  readonly pipe: Pipe
}

/**
 * `tallyman ls`, `tallyman count` or `tallyman check` with these words, in this process, and without the credentials of whoever runs the test.
 * @throws CommanderError where the words are refused; CANCELLED
 */
export async function runHere(
  words: string,
  pipe = new Pipe(),
  signal = new AbortController().signal,
): Promise<Outcome> {
  const surroundings = { terminal: pipe, userAgent: 'tallyman-test', signal }
  let code: number | undefined
  const take = async (work: Promise<number>) => {
    code = await work
    return code
  }
  const commands = [
    lsCommand((asked) => take(printList(asked, surroundings))),
    countCommand((asked) => take(printCount(asked, surroundings))),
    checkCommand((asked) => take(printCheck(asked, surroundings))),
  ]
  const program = new Command()
  for (const command of commands) {
    program.addCommand(command.exitOverride().configureOutput({ writeErr: (text) => pipe.note(text) }))
  }
  const credentials = /--(auth-file|username|password-stdin)/.test(words) ? [] : ['--anonymous']
  try {
    await program.parseAsync([...words.split(' '), ...credentials], { from: 'user' })
  } finally {
    process.exitCode = 0
  }
  return { code, pipe }
}
