import { hasCode, TallymanError } from '#catalogue/error.ts'

/** 128 and the number of the signal, as shells say it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
type EndingSignal = keyof typeof EXIT_CODES

/**
 * Runs a command that Ctrl-C ends: the first signal aborts it, the second ends the process at once.
 * @param run resolves with the exit code; rejects with CANCELLED when its signal aborted it
 * @returns the exit code
 */
export async function interruptible(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stopping = new AbortController()
  let exitCode: number | undefined
  const end = (signal: EndingSignal) => {
    if (exitCode !== undefined) process.exit(EXIT_CODES[signal])
    exitCode = EXIT_CODES[signal]
    stopping.abort(new TallymanError('CANCELLED', `Ended by ${signal}`))
  }
  const onInterrupt = () => end('SIGINT')
  const onTerminate = () => end('SIGTERM')
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  try {
    return await run(stopping.signal)
  } catch (error) {
    if (exitCode !== undefined && hasCode(error, 'CANCELLED')) return exitCode
    throw error
  } finally {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}
