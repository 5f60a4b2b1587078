import type { Inventories } from '#clusters/inventories.ts'
import type { PlannedInventory } from '#retention/planned-inventory.ts'
import type { UnusedSince } from '#retention/retention-input.ts'

/**
 * Snapshots of all inventories of the operator, whatever a policy names: what one of them has in use, none may lose (S01). Each is complete for everything
 * that was created before the call (S03).
 * @throws BARRIER_NOT_REACHED, KUBE_*, CANCELLED where one can't be proven to be
 */
export async function plannedInventories(
  live: Pick<Inventories, 'all'>,
  signal: AbortSignal,
): Promise<PlannedInventory[]> {
  return await Promise.all(
    live.all().map(async (held) => {
      const { key, live: each } = held
      return {
        name: key,
        snapshot: await each.barrier(signal),
        ledger: held.ledger,
        // After it: another spec that came meanwhile is in the snapshot (S10).
        mark: each.mark,
        retainMs: each.inventory.policy.retainMs,
      }
    }),
  )
}

/** Since when every inventory would know if something unused had been used; undefined: one of them has not watched without a gap yet. @param now ms since the epoch */
export function watchedSince(
  inventories: readonly (Pick<PlannedInventory, 'retainMs'> & {
    readonly snapshot: Pick<PlannedInventory['snapshot'], 'coveredMs'>
  })[],
  now: number,
): UnusedSince | undefined {
  let shortest: { readonly ms: number; readonly isWatchStart: boolean } | undefined
  for (const { snapshot, retainMs } of inventories) {
    const coveredMs = snapshot.coveredMs ?? 0
    const ms = Math.min(coveredMs, retainMs)
    if (shortest === undefined || ms < shortest.ms) shortest = { ms, isWatchStart: coveredMs < retainMs }
  }
  if (shortest === undefined || shortest.ms === 0) return undefined
  return { at: now - shortest.ms, isWatchStart: shortest.isWatchStart }
}
