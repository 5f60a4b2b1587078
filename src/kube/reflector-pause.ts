import { TallymanError } from '#catalogue/error.ts'
import { backoffDelay } from '#time/backoff.ts'
import type { Clock } from '#time/clock.ts'
import { linkedAbort } from './abort.ts'
import type { ClusterConnection } from './connection.ts'
import { BACKOFF, type Decision } from './reflector-state.ts'

export interface PauseOptions {
  readonly connection: ClusterConnection
  readonly clock: Clock
  /** In [0, 1). */
  readonly random?: (() => number) | undefined
  readonly signal: AbortSignal
}

/**
 * Waits before the next attempt; less long where a server that was not reached answers again. Ends early, and without an error, when the
 * signal aborts.
 * @returns whether it was cut short, because a server that did not answer does again
 */
export async function pauseOrBack(
  { connection, clock, random, signal }: PauseOptions,
  { delayMs, reason }: Decision,
): Promise<boolean> {
  const link = linkedAbort(signal)
  const isBack = new TallymanError('CANCELLED', 'The server answers again')
  const forget = reason === 'unreachable' ? connection.onBack(() => link.abort(isBack)) : undefined
  await sleep(clock, delayMs, link.signal)
  forget?.()
  link.release()
  if (link.signal.reason !== isBack) return false
  // The many that waited for it do not come all at once.
  await sleep(clock, backoffDelay(BACKOFF, 0, random), signal)
  return true
}

async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
