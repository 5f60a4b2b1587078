import { hasCode } from '#catalogue/error.ts'
import type { CheckOptions } from '#commands/check-options.ts'
import { surveyOptions } from '#commands/cluster-options.ts'
import { errorLine } from '#commands/registry-remedy.ts'
import { type Survey, survey } from '#commands/survey.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'
import { Inventory } from '#inventory/inventory.ts'
import { SnapshotMaker } from '#inventory/inventory-snapshot.ts'
import { compilePins } from '#inventory/pins.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { systemClock } from '#time/clock.ts'

/** What is in use, as a check on the command line knows it. */
export interface KnownUse {
  readonly snapshot: InventorySnapshot
  /** What was read. */
  readonly clusters: readonly NamedUses[]
  /** Contexts that were left out. */
  readonly missing: readonly string[]
}

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
  const found = await surveyed(options, terminal, signal)
  if (found === undefined) {
    if (options.all === true) terminal.note('tallyman: With --no-clusters, the registry alone is looked at.')
    return undefined
  }
  const { snapshot, clusters } = found
  return { snapshot, clusters, missing: found.missing.map(({ name }) => name) }
}

async function surveyed(
  options: CheckOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Survey | undefined> {
  const asked = surveyOptions({ ...options, timeout: options.clusterTimeout }, terminal)
  try {
    return await survey({ ...asked, timeoutOption: '--cluster-timeout' }, signal)
  } catch (error) {
    if (!hasCode(error, 'KUBE_CONFIG_INVALID')) throw error
    terminal.note(errorLine(error))
    return undefined
  }
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
