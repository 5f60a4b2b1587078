import type { Inventories } from '#clusters/inventories.ts'
import type { PlannedInventory } from '#retention/blocks.ts'

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
    live.all().map(async ({ key, live: each }) => ({
      name: key,
      snapshot: await each.barrier(signal),
      retainMs: each.inventory.policy.retainMs,
    })),
  )
}

/** Since when it would be known if something unused had been used, ms since the epoch; undefined: nobody has watched that long. */
export function watchedSince(inventories: readonly PlannedInventory[], now: number): number | undefined {
  const covered = inventories.map(({ snapshot }) => snapshot.coveredMs ?? 0)
  const ms = covered.length === 0 ? 0 : Math.min(...covered)
  return ms > 0 ? now - ms : undefined
}
