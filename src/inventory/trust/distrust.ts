/** Why the list of a cluster may be complete and is not good enough to delete by (S02, S05). */
export type DistrustReason =
  | 'LedgerNotLoaded'
  | 'IdentityUnverified'
  | 'IdentityChanged'
  | 'DuplicateCluster'
  | 'BelowFloor'
  | 'Shrunk'
  | 'ClockSkew'
  | 'PinsUnreadable'

export interface Distrust {
  readonly reason: DistrustReason
  /** What is wrong and what to do about it. */
  readonly message: string
}

/** More than this between our clock and the API server's: ages and dates can't be relied on (S02). */
export const LARGEST_SKEW_MS = 2 * 60_000
