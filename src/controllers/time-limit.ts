import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'

/**
 * Runs `work` with a signal that aborts with `signal`, or after `ms`.
 * @param message what took too long, for the TIMED_OUT that the signal then carries
 */
export async function withTimeLimit<T>(
  { clock, signal, ms, message }: { clock: Clock; signal: AbortSignal; ms: number; message: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const cancelTimer = clock.schedule(ms, () => deadline.abort(new TallymanError('TIMED_OUT', message)))
  try {
    return await work(AbortSignal.any([signal, deadline.signal]))
  } finally {
    cancelTimer()
  }
}
