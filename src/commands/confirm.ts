import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'

/** Where people are asked: stdin and stderr. */
export interface AskedTerminal {
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly output: Writable & { readonly isTTY?: boolean }
}

/**
 * Asks a question that yes or no answers.
 * @returns undefined: there is nobody to ask; anything but `y` and `yes` is no
 * @throws the reason of the signal
 */
export async function confirmed(
  question: string,
  { input, output }: AskedTerminal,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (input.isTTY !== true || output.isTTY !== true) return undefined
  const lines = createInterface({ input, output })
  // The reader of lines gets Ctrl-C, and not the process.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), closed])
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    lines.close()
  }
}
