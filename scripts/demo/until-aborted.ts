/** Longest delay of a timer, ms. */
const LONGEST_MS = 2 ** 31 - 1

/** Resolves when `signal` aborts, and keeps the process alive until then: neither a signal nor a child does that. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const alive = setInterval(() => undefined, LONGEST_MS)
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive)
        resolve()
      },
      { once: true },
    )
  })
}
