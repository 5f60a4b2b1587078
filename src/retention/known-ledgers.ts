import type { LedgerOrigin } from '#inventory/ledger/origin.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'

/** By name of the inventory: the id of the ledger that knows what plans were made with (S02). */
export type KnownLedgers = ReadonlyMap<string, string>

/** A ledger in the place of another one, which may have known of use that this one has never seen. */
export interface ReplacedLedger {
  /** Of the inventory. */
  readonly name: string
  /** When it began, ms since the epoch. */
  readonly since: number
  /** How long it has to watch without a gap until it knows as much, ms. */
  readonly retainMs: number
}

/**
 * Holds the ledgers of the inventories against those that are known. A new one is as good as the old one once it has watched without a gap for as long as the inventory
 * remembers, or once a human has approved a plan that was made without the old one.
 * @param acceptedAt when a plan was approved and carried out last, ms since the epoch; undefined: never
 * @returns what is replaced, and what to know from now on: of what is replaced, the old one
 */
export function heldAgainstKnown(
  known: KnownLedgers,
  inventories: readonly PlannedInventory[],
  acceptedAt: number | undefined,
): { readonly replaced: readonly ReplacedLedger[]; readonly known: KnownLedgers } {
  const replaced: ReplacedLedger[] = []
  const next = new Map<string, string>()
  for (const { name, ledger, retainMs, snapshot } of inventories) {
    const before = known.get(name)
    if (before !== undefined) next.set(name, before)
    if (ledger === undefined || ledger.id === before) continue
    const isAsGood = (snapshot.coveredMs ?? 0) >= retainMs || isAccepted(ledger, acceptedAt)
    if (before !== undefined && !isAsGood) replaced.push({ name, since: ledger.since, retainMs })
    // What is not written yet may be begun once more by the next process.
    else if (ledger.isKept) next.set(name, ledger.id)
  }
  return { replaced, known: next }
}

function isAccepted({ since }: LedgerOrigin, acceptedAt: number | undefined): boolean {
  return acceptedAt !== undefined && acceptedAt >= since
}
