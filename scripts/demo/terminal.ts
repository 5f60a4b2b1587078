import { styleText } from 'node:util'

const isTerminal = process.stdout.isTTY === true

/** What the demo prints: colour in a terminal, the same words without it elsewhere. */
export const terminal = {
  isTerminal,

  title(text: string): void {
    console.log(`\n${styled('bold', text)}`)
  },

  line(text: string): void {
    console.log(text)
  },

  note(text: string): void {
    console.log(styled('dim', text))
  },

  /** A command as one would type it, and what it printed. */
  command(args: readonly string[], output: string): void {
    console.log(styled('cyan', `$ ${args.map(shellWord).join(' ')}`))
    console.log(output.trimEnd().split('\n').map(coloured).join('\n'))
  },

  /** Shows `label` while `work` runs, then how long it took, or that it failed, or that `signal` ended it. */
  async step<T>(label: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const started = performance.now()
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
    const ticker = isTerminal
      ? setInterval(() => process.stdout.write(`\r${label} … ${seconds()} `), 100)
      : undefined
    if (!isTerminal) process.stdout.write(`${label} … `)
    try {
      const result = await work()
      process.stdout.write(
        isTerminal ? `\r${label} … ${styled('green', 'done')} (${seconds()})\n` : `done (${seconds()})\n`,
      )
      return result
    } catch (error) {
      const outcome = signal?.aborted ? 'interrupted' : 'failed'
      process.stdout.write(isTerminal ? `\r${label} … ${styled('red', outcome)}\n` : `${outcome}\n`)
      throw error
    } finally {
      clearInterval(ticker)
    }
  },
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`
}

type Style = Parameters<typeof styleText>[0]

function styled(style: Style, text: string): string {
  return isTerminal ? styleText(style, text) : text
}

function coloured(line: string): string {
  if (!isTerminal) return line
  return line
    .replace(/\b(False|Critical|ProblemsFound)\b/g, (word) => styleText('red', word))
    .replace(/\b(Unknown|Warning)\b/g, (word) => styleText('yellow', word))
    .replace(/\bTrue\b/g, (word) => styleText('green', word))
}
