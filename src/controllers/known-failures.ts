import type { ErrorCode } from '#catalogue/error-codes.ts'
import { mayPass } from '#controllers/evicted-news.ts'
import type { EvictedReturn } from '#controllers/evicted-returns.ts'
import { evictedKey } from '#evict/evicted-key.ts'

/**
 * What cannot come back, and why, as policies were held for it: the same failure of the same thing is no other reason, however often it is tried, and whoever watches it after a run. A hold
 * has a token of its own, and a human needs time to commit that (S04).
 */
export class KnownFailures {
  /** By policy and thing. */
  readonly #codes = new Map<string, Map<string, ErrorCode>>()

  clear(): void {
    this.#codes.clear()
  }

  forget(policy: string): void {
    this.#codes.delete(policy)
  }

  /** Those of `returns` that are no known failure. What comes back and fails after that is news again. */
  newOf(policy: string, returns: readonly EvictedReturn[]): EvictedReturn[] {
    const known = this.#codes.get(policy) ?? new Map<string, ErrorCode>()
    this.#codes.set(policy, known)
    return returns.filter(({ use: { thing }, error }) => {
      const key = `${thing.run} ${evictedKey(thing)} ${thing.digest}`
      if (error === undefined) {
        known.delete(key)
        return true
      }
      if (known.get(key) === error.code) return false
      if (!mayPass(error)) known.set(key, error.code)
      return true
    })
  }
}
