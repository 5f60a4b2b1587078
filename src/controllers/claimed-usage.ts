import { asTallymanError } from '#catalogue/error.ts'
import type { HeldInventory } from '#clusters/inventories.ts'
import type { LiveInventory } from '#clusters/live-inventory.ts'
import { type ClaimedSnapshot, claimOf, type UsageClaim } from '#inventory/claim.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#time/clock.ts'

export interface ClaimedInventory extends Pick<HeldInventory, 'key' | 'ledger'> {
  readonly live: Pick<LiveInventory, 'barrier' | 'calmSnapshot'>
}

export interface ClaimedUsageParts {
  readonly live: { all(): readonly ClaimedInventory[] }
  readonly clock: Clock
  readonly log: Log
}

/** What all inventories of the operator know, for other installations. */
export class ClaimedUsage {
  readonly #parts: ClaimedUsageParts
  /** Code by inventory, told once. */
  readonly #unproven = new Map<string, string>()

  constructor(parts: ClaimedUsageParts) {
    this.#parts = parts
  }

  /** Proven to be complete up to now (S03), or said not to be. @throws CANCELLED */
  async of(installation: string, signal: AbortSignal): Promise<UsageClaim> {
    const { live, clock } = this.#parts
    const now = clock.now()
    const snapshots = await Promise.all(live.all().map((held) => this.#claimed(held, signal)))
    return claimOf(snapshots, installation, now)
  }

  async #claimed(held: ClaimedInventory, signal: AbortSignal): Promise<ClaimedSnapshot> {
    const snapshot = await this.#proven(held, signal)
    const { key, ledger } = held
    return { ...snapshot, ledger: ledger && { inventory: key, ...ledger } }
  }

  async #proven({ key, live }: ClaimedInventory, signal: AbortSignal): Promise<ClaimedSnapshot> {
    try {
      const snapshot = await live.barrier(signal)
      this.#unproven.delete(key)
      return snapshot
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, advice } = asTallymanError(thrown)
      if (code === 'INTERNAL') throw thrown
      if (this.#unproven.get(key) !== code) {
        const fields = { inventory: key, code, reason: advice }
        this.#parts.log.warn(
          fields,
          'the claim says that not all use is known: no other installation deletes',
        )
      }
      this.#unproven.set(key, code)
      return { ...(await live.calmSnapshot()), synced: false }
    }
  }
}
