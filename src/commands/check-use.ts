import type { CheckOptions } from '#commands/check-options.ts'
import { clusterUse, type KnownUse } from '#commands/cluster-use.ts'
import type { Terminal } from '#commands/terminal.ts'
import { Inventory } from '#inventory/inventory.ts'
import { SnapshotMaker } from '#inventory/inventory-snapshot.ts'
import { compilePins } from '#inventory/pins.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { systemClock } from '#time/clock.ts'

/**
 * Reads the clusters that the options name, or none where they say so.
 * @returns undefined: it would not be complete; why has been told
 * @throws CANCELLED
 */
export async function knownUse(
  options: CheckOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<KnownUse | undefined> {
  if (!options.clusters) return { snapshot: nothingInUse(), clusters: [], missing: [] }
  const found = await clusterUse(options, terminal, signal)
  if (found === undefined && options.all === true)
    terminal.note('tallyman: With --no-clusters, the registry alone is looked at.')
  return found
}

/** The snapshot of an inventory without clusters. */
function nothingInUse(): InventorySnapshot {
  const inventory = new Inventory({ retainMs: 0, clusters: [], release: [] })
  return new SnapshotMaker(inventory).make({
    now: { wall: systemClock.now(), monotonic: systemClock.monotonic() },
    platforms: [],
    pins: compilePins([]),
    pinProblems: [],
  })
}
