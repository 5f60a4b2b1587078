import { TallymanError } from '#catalogue/error.ts'
import type { Controller } from '#runtime/controller.ts'
import type { Clock } from '#time/clock.ts'

/** How long a worker that was told to stop may take. */
export const STOP_GRACE_MS = 10_000

/**
 * The work of one leadership term: all controllers until `term` aborts.
 * @throws LEADERSHIP_LOST when a worker does not stop within 10 s of that. It may still write, so the process must end.
 * Requests that must not be cut off are waited for without limit (S16).
 */
export async function runTerm(
  controllers: readonly Controller[],
  term: AbortSignal,
  clock: Clock,
): Promise<void> {
  const work = Promise.all(controllers.map((controller) => controller.run(term)))
  await Promise.race([work, aborted(term)])
  await endedOrWedged(work, controllers, clock, STOP_GRACE_MS)
}

/**
 * Waits for `work` to end, which the controllers were told to do.
 * @param graceMs after it, a worker that still runs and is not shielded is wedged
 */
export async function endedOrWedged(
  work: Promise<unknown>,
  controllers: readonly Controller[],
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const ended = new AbortController()
  const wedged = async () => {
    for (let wait = graceMs; ; wait = STOP_GRACE_MS) {
      await clock.sleep(wait, ended.signal)
      const keys = controllers.flatMap(({ name, unshielded }) => unshielded.map((key) => `${name} ${key}`))
      if (keys.length > 0) {
        throw new TallymanError(
          'LEADERSHIP_LOST',
          `still working after it was told to stop: ${keys.join(', ')}`,
        )
      }
    }
  }
  try {
    await Promise.race([work, wedged()])
  } finally {
    ended.abort()
  }
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
