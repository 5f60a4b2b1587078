import { hasCode } from '#catalogue/error.ts'
import { type ContextOptions, surveyOptions } from '#commands/cluster-options.ts'
import { errorLine } from '#commands/registry-remedy.ts'
import { survey } from '#commands/survey.ts'
import type { Terminal } from '#commands/terminal.ts'
import type { NamedUses } from '#inventory/cluster-uses.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'

/** What is in use, as a command that holds it against a registry knows it. */
export interface KnownUse {
  readonly snapshot: InventorySnapshot
  /** What was read. */
  readonly clusters: readonly NamedUses[]
  /** Contexts that were left out. */
  readonly missing: readonly string[]
}

export interface ClusterUseOptions extends ContextOptions {
  /** For reading all clusters, ms. */
  readonly clusterTimeout: number
  readonly quiet?: true
}

/**
 * Reads the clusters that the options name.
 * @returns undefined: it would not be complete; why has been told
 * @throws CANCELLED
 */
export async function clusterUse(
  options: ClusterUseOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<KnownUse | undefined> {
  const asked = surveyOptions({ ...options, timeout: options.clusterTimeout }, terminal)
  try {
    const found = await survey({ ...asked, timeoutOption: '--cluster-timeout' }, signal)
    if (found === undefined) return undefined
    const { snapshot, clusters, missing } = found
    return { snapshot, clusters, missing: missing.map(({ name }) => name) }
  } catch (error) {
    if (!hasCode(error, 'KUBE_CONFIG_INVALID')) throw error
    terminal.note(errorLine(error))
    return undefined
  }
}
