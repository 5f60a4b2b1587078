/** How the pause grows between tries of the same thing. All times in milliseconds. */
export interface BackoffPolicy {
  readonly initial: number
  readonly max: number
  readonly factor: number
  /** Share of the pause that is random on top: 1 draws from [pause, 2 × pause), 0 is exact. */
  readonly jitter: number
}

/**
 * The pause before try number `attempt` (0 is the first retry).
 * @param random a number in [0, 1); tests pass a fixed one
 */
export function backoffDelay(
  policy: BackoffPolicy,
  attempt: number,
  random: () => number = Math.random,
): number {
  const base = Math.min(policy.max, policy.initial * policy.factor ** attempt)
  return Math.min(policy.max, base * (1 + policy.jitter * random()))
}

/** `ms` spread by ±`share`, so that objects created together do not run together for ever. */
export function jittered(ms: number, share: number, random: () => number = Math.random): number {
  return ms * (1 - share + 2 * share * random())
}
