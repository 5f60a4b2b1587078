import { inspect } from 'node:util'
import { systemClock } from '#time/clock.ts'

export interface EventuallyOptions {
  /** Default 60,000: it guards against hanging, and two cores may be shared by many. */
  readonly timeoutMs?: number
  /** Pause between two looks, default 25. */
  readonly intervalMs?: number
  /** What is waited for, for the error: "the pod runs". */
  readonly message?: string
  /** Ends the waiting early with its reason. */
  readonly signal?: AbortSignal
}

/**
 * Looks until there is something to see: resolves with the first truthy value of `probe`.
 * A probe that throws is asked again, so that `expect` can be used inside (return true after it).
 * @throws Error with the last value or the last error, when the time is up
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined | '' | 0 | 0n>> {
  const { timeoutMs = 60_000, intervalMs = 25, message = 'the condition', signal } = options
  const deadline = systemClock.monotonic() + timeoutMs
  for (;;) {
    const seen = await look(probe)
    if ('value' in seen && isTruthy(seen.value)) return seen.value
    if (systemClock.monotonic() >= deadline) {
      const last =
        'value' in seen ? `last value: ${inspect(seen.value)}` : `last error: ${inspect(seen.error)}`
      throw new Error(`waited ${timeoutMs} ms for ${message}; ${last}`, {
        cause: 'error' in seen ? seen.error : undefined,
      })
    }
    await systemClock.sleep(intervalMs, signal)
  }
}

async function look<T>(probe: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await probe() }
  } catch (error) {
    return { error }
  }
}

function isTruthy<T>(value: T): value is Exclude<T, false | null | undefined | '' | 0 | 0n> {
  return Boolean(value)
}
