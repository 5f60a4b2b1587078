import type { Moment } from '#inventory/ledger/watched-time.ts'
import type { Distrust } from '#inventory/trust/distrust.ts'

/** What of a cluster decides about the inventory. */
export interface JudgedCluster {
  readonly name: string
  readonly required: boolean
  /** Another entry reaches the same cluster, which a human knows: this one counts for nothing. */
  readonly sameAs?: string | undefined
  /** Why it is not complete and live. */
  readonly notSynced?: string | undefined
  readonly distrusts: readonly Distrust[]
  readonly coveredMs?: number | undefined
  readonly barrier?: Moment | undefined
}

/** What may be concluded from an inventory. */
export interface InventoryVerdict {
  /** Every required cluster is complete and live, and there is one. What a check needs. */
  readonly synced: boolean
  readonly notSynced: readonly string[]
  /** Synced, and good enough to delete by. */
  readonly trusted: boolean
  readonly distrusts: readonly (Distrust & { readonly cluster?: string | undefined })[]
  /** For how long every required cluster has been watched without a gap, ms; undefined: nothing is remembered. */
  readonly coveredMs: number | undefined
  /** Complete for everything that was created before this moment; undefined: not proven yet (S03). */
  readonly barrier: Moment | undefined
}

/**
 * @param own what is wrong with the inventory itself
 */
export function verdictOf(clusters: readonly JudgedCluster[], own: readonly Distrust[]): InventoryVerdict {
  const counted = clusters.filter(({ required, sameAs }) => required && sameAs === undefined)
  const notSynced = counted.flatMap(({ name, notSynced: why }) =>
    why === undefined ? [] : [`${name}: ${why}`],
  )
  if (clusters.length === 0) notSynced.push('No cluster is watched')
  const distrusts = [
    ...own,
    // What is not required is not waited for, but when it is there and is not what it was, its images may be missing.
    ...clusters
      .filter(({ required, notSynced: why }) => required || why === undefined)
      .flatMap(({ name, distrusts: found }) => found.map((distrust) => ({ ...distrust, cluster: name }))),
  ]
  const synced = notSynced.length === 0
  return {
    synced,
    notSynced,
    trusted: synced && distrusts.length === 0,
    distrusts,
    coveredMs: least(
      counted.map(({ coveredMs }) => coveredMs),
      (ms) => ms,
    ),
    barrier: least(
      counted.map(({ barrier }) => barrier),
      ({ monotonic }) => monotonic,
    ),
  }
}

/** undefined as soon as one is, or where there is none. */
function least<T>(values: readonly (T | undefined)[], measure: (value: T) => number): T | undefined {
  let found: T | undefined
  for (const value of values) {
    if (value === undefined) return undefined
    if (found === undefined || measure(value) < measure(found)) found = value
  }
  return found
}
