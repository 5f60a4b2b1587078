import { TallymanError } from '#catalogue/error.ts'
import type { FreshUsage } from '#controllers/fresh-usage.ts'
import type { Candidate } from '#evict/eviction.ts'
import type { Guard } from '#registry/client.ts'
import type { LateUse } from '#retention/late-use.ts'
import type { Reason } from '#retention/reasons.ts'
import type { Fence } from '#runtime/fence.ts'
import type { Clock } from '#time/clock.ts'

export interface DeletionGuardParts {
  readonly fence: Pick<Fence, 'assertLeader'>
  /** The registry is ours to delete from, and every other claim on it is known (S01). Without I/O. @throws CLAIM_* */
  readonly assertClaimed: () => void
  /** The policy is as it was when the run began. @throws EVICTION_SUSPENDED */
  readonly assertWanted: () => void
  /** When the window of the run is over, ms since the epoch. */
  readonly endsAt: number
  readonly usage: Pick<FreshUsage, 'refresh' | 'index'>
  readonly lateUse: LateUse
  /** Whether a tag was restored since, and stays (S12). */
  readonly isRestored: (repository: string, tag: string) => boolean
  readonly clock: Clock
  /** Told of what stays because it came into use (S04). */
  readonly onSpared?: ((candidate: Candidate, why: Reason) => void) | undefined
}

/** What is asked right before each destructive request of a run: whether anything may go at all, and whether this may. */
export class DeletionGuard {
  readonly #parts: DeletionGuardParts

  constructor(parts: DeletionGuardParts) {
    this.#parts = parts
  }

  /**
   * Lease, claim, policy, window, and who uses what (S01, S03, S21).
   * @throws LEADERSHIP_LOST, CLAIM_*, EVICTION_SUSPENDED, EVICTION_WINDOW_ENDED, BARRIER_NOT_REACHED, INVENTORY_NOT_TRUSTED, KUBE_*
   */
  readonly guard: Guard = async (signal) => {
    this.#assert()
    await this.#parts.usage.refresh(signal)
    // All of it may have changed meanwhile.
    this.#assert()
  }

  /** By what the guard has learned last. */
  readonly stillDoomed = (candidate: Candidate): boolean => {
    const { usage, lateUse, isRestored, onSpared } = this.#parts
    const { repository, tag } = candidate
    if (tag !== undefined && isRestored(repository, tag)) return false
    const why = lateUse(candidate, usage.index)
    if (why === undefined) return true
    onSpared?.(candidate, why)
    return false
  }

  #assert(): void {
    const { fence, assertClaimed, assertWanted, endsAt, clock } = this.#parts
    fence.assertLeader()
    assertWanted()
    assertClaimed()
    if (clock.now() < endsAt) return
    const ended = new Date(endsAt).toISOString()
    throw new TallymanError('EVICTION_WINDOW_ENDED', `The time of the run was over at ${ended}`)
  }
}
