import { type BackoffPolicy, backoffDelay } from '#time/backoff.ts'

const BACKOFF: BackoffPolicy = { initial: 15_000, max: 10 * 60_000, factor: 2, jitter: 0.2 }
/** What is in the way may stay there for days: a large registry is not read all the time for that. */
const FACTOR = 10

/** What a plan came to. */
export interface MadePlan {
  /** Something stands against it that no approval accepts, and the policy would carry it out. */
  readonly isBlocked: boolean
  /** ms since the epoch. */
  readonly now: number
  /** To read the registry and to decide. */
  readonly tookMs: number
}

/**
 * When plans are made again that cannot be carried out as they are. What is in the way, such as a claim that was not written in time or an inventory that is
 * not trusted, mostly passes without anything that makes a plan due; without this it would be seen at the next time of the schedule.
 */
export class BlockedPlans {
  readonly #known = new Map<string, { readonly at: number; readonly blocked: number }>()

  beginTerm(): void {
    this.#known.clear()
  }

  forget(key: string): void {
    this.#known.delete(key)
  }

  made(key: string, { isBlocked, now, tookMs }: MadePlan): void {
    const blocked = isBlocked ? (this.#known.get(key)?.blocked ?? 0) + 1 : 0
    const pause = Math.max(backoffDelay(BACKOFF, blocked - 1), FACTOR * tookMs)
    this.#known.set(key, { at: isBlocked ? now + pause : Number.POSITIVE_INFINITY, blocked })
  }

  /**
   * @param wasBlocked by its status: what an earlier leader knew is not remembered
   * @returns ms since the epoch; 0: now; Infinity: there is no reason
   */
  dueAt(key: string, wasBlocked: boolean): number {
    return this.#known.get(key)?.at ?? (wasBlocked ? 0 : Number.POSITIVE_INFINITY)
  }
}
