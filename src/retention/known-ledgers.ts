import type { UsageClaim } from '#inventory/claim.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'

/** By name of the inventory: which ledger knows what plans were made with (S02). */
export type KnownLedgers = ReadonlyMap<string, KnownLedger>

export interface KnownLedger {
  /** Of the ledger. */
  readonly id: string
  /** The one that lies in its place, and when a plan noticed that first, ms since the epoch. */
  readonly other?: { readonly id: string; readonly noticedAt: number } | undefined
}

/** A ledger in the place of another one, which may have known of use that this one has never seen. */
export interface ReplacedLedger {
  /** Of the inventory. */
  readonly name: string
  /** When it began, ms since the epoch. */
  readonly since: number
  /** When it was noticed, ms since the epoch. */
  readonly noticedAt: number
}

/** By what an inventory remembers, of ours or of another installation. */
export type LedgerOf = Pick<PlannedInventory, 'name' | 'ledger'>

/** Of other installations, which remember for us as well what only they use (S01). */
export function claimedLedgers(claims: readonly UsageClaim[]): LedgerOf[] {
  return claims.flatMap(({ installation, ledgers = [] }) =>
    ledgers.map(({ inventory, ...ledger }) => ({
      name: [inventory, 'of installation', installation].join(' '),
      ledger,
    })),
  )
}

export interface LedgerNews {
  readonly replaced: readonly ReplacedLedger[]
  /** What to know from now on. */
  readonly known: KnownLedgers
}

/**
 * Holds the ledgers of the inventories against those that are known. Another one is replaced until the known one is back, or until a run has begun of a plan that was approved
 * since that was noticed (Block.madeSince).
 * @param at when the plan is made, ms since the epoch
 * @param acceptedAt when the last run of an approved plan began, ms since the epoch; undefined: there was none
 */
export function heldAgainstKnown(
  known: KnownLedgers,
  inventories: readonly LedgerOf[],
  { at, acceptedAt }: { readonly at: number; readonly acceptedAt: number | undefined },
): LedgerNews {
  const replaced: ReplacedLedger[] = []
  const next = new Map(known)
  for (const { name, ledger } of inventories) {
    const before = known.get(name)
    if (ledger === undefined) continue
    if (before === undefined || ledger.id === before.id) {
      // What is not written yet may be begun once more by the next process.
      if (ledger.isKept) next.set(name, { id: ledger.id })
      continue
    }
    const noticedAt = before.other?.id === ledger.id ? before.other.noticedAt : at
    if (acceptedAt !== undefined && acceptedAt > noticedAt && ledger.isKept) {
      next.set(name, { id: ledger.id })
      continue
    }
    next.set(name, { id: before.id, other: { id: ledger.id, noticedAt } })
    replaced.push({ name, since: ledger.since, noticedAt })
  }
  return { replaced, known: next }
}
