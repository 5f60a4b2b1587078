import { asTallymanError } from '#catalogue/error.ts'
import type { HeldInventory } from '#clusters/inventories.ts'
import { type LeftLedgers, leftSentence } from '#clusters/left-ledgers.ts'
import type { LiveInventory } from '#clusters/live-inventory.ts'
import { type ClaimedSnapshot, claimOf, type UsageClaim } from '#inventory/claim.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#time/clock.ts'

export interface ClaimedInventory extends Pick<HeldInventory, 'key' | 'ledger'> {
  readonly live: Pick<LiveInventory, 'barrier' | 'calmSnapshot'>
}

export interface ClaimedUsageParts {
  readonly live: { all(): readonly ClaimedInventory[] }
  /** Every ImageInventory that there is, `namespace/name`: one that is not watched yet is missing. */
  readonly wanted: () => readonly string[]
  /** The memory of those that there are no more. */
  readonly left: Pick<LeftLedgers, 'read'>
  readonly clock: Clock
  readonly log: Log
}

/** What all inventories of the operator know, for other installations. */
export class ClaimedUsage {
  readonly #parts: ClaimedUsageParts
  /** Code by inventory, told once. */
  readonly #unproven = new Map<string, string>()
  /** What is missing, as it was told last. */
  #missing: string | undefined

  constructor(parts: ClaimedUsageParts) {
    this.#parts = parts
  }

  /** Proven to be complete up to now (S03), or said not to be. @throws CANCELLED */
  async of(installation: string, signal: AbortSignal): Promise<UsageClaim> {
    const { live, clock } = this.#parts
    const now = clock.now()
    const held = live.all()
    const [missing, ...snapshots] = await Promise.all([
      this.#missingBeside(held, signal),
      ...held.map((each) => this.#claimed(each, signal)),
    ])
    if (missing !== undefined && missing !== this.#missing) this.#tell({ reason: missing })
    this.#missing = missing
    const claim = claimOf(snapshots, installation, now)
    return missing === undefined ? claim : { ...claim, synced: false }
  }

  /** Why these are not all that have known what is in use: ours deletes nothing then, and no other may believe that this is all. */
  async #missingBeside(held: readonly ClaimedInventory[], signal: AbortSignal): Promise<string | undefined> {
    const { wanted, left } = this.#parts
    const keys = new Set(held.map(({ key }) => key))
    const unwatched = wanted().filter((key) => !keys.has(key))
    if (unwatched.length > 0) return `ImageInventory ${unwatched.join(', ')} is not watched yet`
    try {
      const [first] = await left.read(signal)
      return first === undefined ? undefined : leftSentence(first)
    } catch (thrown) {
      signal.throwIfAborted()
      const { code, advice } = asTallymanError(thrown)
      if (code === 'INTERNAL') throw thrown
      return advice
    }
  }

  #tell(fields: object): void {
    this.#parts.log.warn(fields, 'the claim says that not all use is known: no other installation deletes')
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
        this.#tell({ inventory: key, code, reason: advice })
      }
      this.#unproven.set(key, code)
      return { ...(await live.calmSnapshot()), synced: false }
    }
  }
}
