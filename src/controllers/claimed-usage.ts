import { asTallymanError } from '#catalogue/error.ts'
import type { Inventories } from '#clusters/inventories.ts'
import type { LiveInventory } from '#clusters/live-inventory.ts'
import { type ClaimedSnapshot, claimOf, type UsageClaim } from '#inventory/claim.ts'
import type { Clock } from '#time/clock.ts'

/** What all inventories of the operator know, proven to be complete up to now (S03), or said not to be. @throws CANCELLED */
export async function claimedUsage(
  { live, clock }: { readonly live: Pick<Inventories, 'all'>; readonly clock: Clock },
  installation: string,
  signal: AbortSignal,
): Promise<UsageClaim> {
  const now = clock.now()
  const snapshots = await Promise.all(live.all().map((each) => proven(each.live, signal)))
  return claimOf(snapshots, installation, now)
}

async function proven(live: LiveInventory, signal: AbortSignal): Promise<ClaimedSnapshot> {
  try {
    return await live.barrier(signal)
  } catch (thrown) {
    signal.throwIfAborted()
    if (asTallymanError(thrown).code === 'INTERNAL') throw thrown
    return { ...(await live.calmSnapshot()), synced: false }
  }
}
