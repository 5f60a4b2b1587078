import type { TallymanError } from '#catalogue/error.ts'
import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'

/**
 * `never`: a request that may have taken effect and must not be sent twice blindly, or whose body cannot be read again. `once`: one that takes
 * something away: nothing but a 429 brings it again, because a 503 may come from a proxy that had handed it on.
 */
export type RetryRule = 'transient' | 'never' | 'once'

/**
 * How often a request fails in one way before that is believed, the first time included. Answers and connections that
 * break are counted apart: a registry closes a connection behind a blob that it can't send, with another request
 * under way on it, and that took the place of what it had answered to the same request twice.
 */
const TRIES = 3
const TRANSIENT: BackoffPolicy = { initial: 200, max: 5_000, factor: 3, jitter: 1 }
const THROTTLED: BackoffPolicy = { initial: 1_000, max: 30_000, factor: 2, jitter: 0.2 }

export type Outcome =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'error'; readonly error: TallymanError }

export type Decision =
  /** The outcome stands. */
  | { readonly action: 'stand' }
  /** Ask again after the delay. */
  | { readonly action: 'retry'; readonly delayMs: number }
  /** The whole host rests for the delay, then ask again. */
  | { readonly action: 'pause'; readonly delayMs: number }
  /** Waiting longer than we may; the host rests all the same. */
  | { readonly action: 'give-up'; readonly delayMs: number }

/** The tries of one call: which failures are asked again, when, and when it is enough. */
export class RetryBudget {
  readonly #rule: RetryRule
  readonly #throttleMs: number
  readonly #random: () => number
  readonly #failures = { status: 0, error: 0 }
  #pauses = 0
  #pausedMs = 0

  /** @param throttleMs how long 429 and 503 may keep the call waiting in all */
  constructor(rule: RetryRule, throttleMs: number, random: () => number = Math.random) {
    this.#rule = rule
    this.#throttleMs = throttleMs
    this.#random = random
  }

  decide(outcome: Outcome): Decision {
    if (outcome.kind === 'status' && isThrottled(outcome) && !this.#mayHaveTakenEffect(outcome.status)) {
      return this.#pause(outcome.retryAfterMs ?? 0)
    }
    if (this.#rule !== 'transient' || !isTransient(outcome)) return { action: 'stand' }
    const before = this.#failures.status + this.#failures.error
    this.#failures[outcome.kind] += 1
    if (this.#failures[outcome.kind] >= TRIES) return { action: 'stand' }
    return { action: 'retry', delayMs: backoffDelay(TRANSIENT, before, this.#random) }
  }

  #mayHaveTakenEffect(status: number): boolean {
    return this.#rule === 'once' && status !== 429
  }

  /** Retry-After is obeyed in full and costs no try; the growing floor ends a registry that always says `0`. */
  #pause(retryAfterMs: number): Decision {
    const delayMs = Math.max(retryAfterMs, backoffDelay(THROTTLED, this.#pauses, this.#random))
    this.#pauses += 1
    this.#pausedMs += delayMs
    return { action: this.#pausedMs > this.#throttleMs ? 'give-up' : 'pause', delayMs }
  }
}

/** 429 always; 503 where it says how long, otherwise it is a server error like others. */
export function isThrottled(outcome: {
  readonly status: number
  readonly retryAfterMs: number | undefined
}): boolean {
  return outcome.status === 429 || (outcome.status === 503 && outcome.retryAfterMs !== undefined)
}

/**
 * Failures that may be gone a moment later. A timeout is not among them: three in a row would keep a slot for minutes.
 * Nor is anything about TLS.
 */
function isTransient(outcome: Outcome): boolean {
  if (outcome.kind === 'status')
    return outcome.status >= 500 || outcome.status === 408 || outcome.status === 499
  const { code } = outcome.error
  return code === 'REGISTRY_UNREACHABLE' || code === 'REGISTRY_TRUNCATED'
}
