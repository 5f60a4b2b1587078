/**
 * The only source of time in the product. Everything that waits or dates takes a Clock, so that tests can move time
 * by hand (test/harness/fake-clock.ts) and two clocks can be compared where one is known to stop.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It can jump: use it to date things, never to measure. */
  now(): number
  /** Monotonic milliseconds since an arbitrary start. Linux stops it while a VM is suspended. */
  monotonic(): number
  /** Resolves after `ms`; rejects with `signal.reason` when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `callback` once after `ms`. The returned function cancels; calling it later does nothing. */
  schedule(ms: number, callback: () => void): () => void
}

/** setTimeout holds its delay in 31 bits: a longer one fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        Math.min(ms, LONGEST_TIMER_MS),
      )
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
  schedule: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}
