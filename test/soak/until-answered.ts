import { asTallymanError, hasCode } from '#catalogue/error.ts'
import { machineTime } from './machine-time.ts'
import { pause } from './pause.ts'

/** What an API server says that is being stopped or started. */
const PASSING = [
  ...(['KUBE_UNREACHABLE', 'KUBE_TIMEOUT', 'KUBE_SERVER_ERROR', 'KUBE_THROTTLED'] as const),
  ...(['KUBE_FORBIDDEN', 'KUBE_UNAUTHORIZED', 'KUBE_NOT_FOUND', 'KUBE_CONFLICT'] as const),
]
const GIVEN_UP_AFTER_MS = 150_000
/** Between two tries. */
const RETRY_MS = 150

/**
 * Sends a request to an API server until it is answered, whatever becomes of that server meanwhile.
 * @param done what says that an earlier try was carried out
 * @returns false: it was given up, and nobody knows
 */
export async function untilAnswered(
  send: () => Promise<unknown>,
  signal: AbortSignal,
  done?: 'KUBE_CONFLICT' | 'KUBE_NOT_FOUND',
): Promise<boolean> {
  const begun = machineTime()
  while (!signal.aborted) {
    try {
      await send()
      return true
    } catch (thrown) {
      if (done !== undefined && hasCode(thrown, done)) return true
      const isPassing = hasCode(thrown, ...PASSING) && machineTime() - begun < GIVEN_UP_AFTER_MS
      if (!isPassing) throw asTallymanError(thrown)
      await pause(RETRY_MS, signal)
    }
  }
  return false
}
