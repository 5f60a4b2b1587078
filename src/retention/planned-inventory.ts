import type { HeldOrigin } from '#inventory/ledger/origin.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'

/** An inventory as the plan saw it. */
export interface PlannedInventory {
  /** Of its object and spec: with another one the soak begins anew (S10). */
  readonly mark?: string | undefined
  readonly name: string
  /** Which ledger it remembers by; undefined: it has none (S02). */
  readonly ledger?: HeldOrigin | undefined
  readonly snapshot: InventorySnapshot
  /** How long it remembers what is not used any more, ms. */
  readonly retainMs: number
}
