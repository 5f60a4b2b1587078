import { asTallymanError, type TallymanError } from '#catalogue/error.ts'

/**
 * What a reconciliation that did not throw returns. With `requeueAfterMs` the key runs again after that time; without,
 * when something changes. To be tried again with backoff, throw.
 */
export interface Result {
  readonly requeueAfterMs?: number | undefined
}

export const DONE: Result = {}

/** What becomes of a key. */
export type Outcome =
  | { readonly result: 'success' }
  | { readonly result: 'requeue_after'; readonly afterMs: number }
  | { readonly result: 'error'; readonly error: TallymanError }
  | { readonly result: 'terminal_error'; readonly error: TallymanError }
  | { readonly result: 'cancelled' }

export function outcomeOfResult(result: Result): Outcome {
  if (result.requeueAfterMs === undefined) return { result: 'success' }
  // At least one turn of the event loop: a reconciliation that does no I/O could otherwise keep timers from running.
  return { result: 'requeue_after', afterMs: Math.max(1, result.requeueAfterMs) }
}

/**
 * @param stoppedBy why the signal of the reconciliation was aborted, if it was. What is thrown then is a consequence of
 * the abort: the reason counts, not how it surfaced.
 */
export function outcomeOfThrown(thrown: unknown, stoppedBy: TallymanError | undefined): Outcome {
  if (stoppedBy?.kind === 'cancelled') return { result: 'cancelled' }
  const error = stoppedBy ?? asTallymanError(thrown)
  return { result: error.entry.retry === 'never' ? 'terminal_error' : 'error', error }
}
