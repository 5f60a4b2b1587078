import { addAbortSignal, type Readable } from 'node:stream'
import { TallymanError } from '#catalogue/error.ts'
import { readBounded } from '#commands/bounded-input.ts'

/** Tokens that serve as passwords take some kilobytes. */
const MOST_BYTES = 64 * 1024

/**
 * The password on stdin, without the line break at its end.
 * @param stdin closed where the signal aborts: one that is still read keeps the process
 * @throws LOCAL_FILE_INVALID where there is none; the reason of the signal
 */
export async function readPassword(stdin: Readable, signal: AbortSignal): Promise<string> {
  const text = await readAll(addAbortSignal(signal, stdin), signal)
  const password = text.replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new TallymanError('LOCAL_FILE_INVALID', '--password-stdin: there is no password on stdin')
}

async function readAll(stdin: Readable, signal: AbortSignal): Promise<string> {
  try {
    return await readBounded(stdin, MOST_BYTES, 'The password on stdin')
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
