import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'

/** Flux's bounds: a registry that is down is asked again after 0.75 s at first and every 15 minutes at last. */
export const DEFAULT_BACKOFF: BackoffPolicy = { initial: 750, max: 900_000, factor: 2, jitter: 0 }

/** Counts the failures in a row of every key and says how long to wait before the next try. */
export class RateLimiter<K extends string> {
  readonly #policy: BackoffPolicy
  readonly #failures = new Map<K, number>()

  constructor(policy: BackoffPolicy = DEFAULT_BACKOFF) {
    this.#policy = policy
  }

  /** Notes one more failure of `key`. Returns milliseconds. */
  next(key: K): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    return backoffDelay(this.#policy, failures)
  }

  /** Failures in a row since the last success. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0
  }

  /** After a success, or when the key will not be tried again: without it the map would grow for ever. */
  forget(key: K): void {
    this.#failures.delete(key)
  }
}
