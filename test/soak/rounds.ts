export interface RoundsOptions {
  /** Of the first round; each has the next one. */
  readonly seed: number
  /** No round begins after so long, in milliseconds; one that has begun is finished. undefined: one round. */
  readonly durationMs: number | undefined
  /** In milliseconds. */
  readonly now: () => number
  readonly signal: AbortSignal
}

/**
 * Repeats a round with one seed after the other until the time is over, somebody ends it, or one fails.
 * @param round its exit code
 * @returns the exit code of the last one
 */
export async function rounds(
  { seed, durationMs = 0, now, signal }: RoundsOptions,
  round: (seed: number) => Promise<number>,
): Promise<number> {
  const endsAt = now() + durationMs
  for (let next = seed; ; next += 1) {
    const code = await round(next)
    if (code !== 0 || signal.aborted || now() >= endsAt) return code
  }
}
