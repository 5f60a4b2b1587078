/** Which ledger it is: one that was lost, in whole or in part, and begun anew is another one (S02). */
export interface LedgerOrigin {
  /** Random, and the same for as long as the ledger lasts. */
  readonly id: string
  /** When it began, ms since the epoch. */
  readonly since: number
}

export interface HeldOrigin extends LedgerOrigin {
  /** It is written: every process finds it. */
  readonly isKept: boolean
}
