import { TallymanError } from '#catalogue/error.ts'
import { readBounded } from '#commands/bounded-input.ts'

/** Tokens that serve as passwords take some kilobytes. */
const MOST_BYTES = 64 * 1024

/**
 * The password on stdin, without the line break at its end.
 * @throws LOCAL_FILE_INVALID where there is none; the reason of the signal
 */
export async function readPassword(
  stdin: AsyncIterable<string | Uint8Array>,
  signal: AbortSignal,
): Promise<string> {
  const text = await orAborted(readBounded(stdin, MOST_BYTES, 'The password on stdin'), signal)
  const password = text.replace(/\r?\n$/, '')
  if (password === '')
    throw new TallymanError('LOCAL_FILE_INVALID', '--password-stdin: there is no password on stdin')
  return password
}

/** A read of a terminal cannot be ended: nobody waits for it then. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return await Promise.race([work, aborted])
}
