import { hasCode } from '#catalogue/error.ts'
import { type ContextOptions, surveyOptions } from '#commands/cluster-options.ts'
import { errorLine } from '#commands/registry-remedy.ts'
import { survey, told } from '#commands/survey.ts'
import type { Terminal } from '#commands/terminal.ts'
import { watchContexts } from '#commands/watch-contexts.ts'
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

/** The same, watched until `stop`. */
export interface WatchedUse extends KnownUse {
  /** What is complete for everything that was created before this call (S03). @throws BARRIER_NOT_REACHED, KUBE_*, CANCELLED */
  barrier(signal: AbortSignal): Promise<InventorySnapshot>
  stop(): Promise<void>
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
  return await orTold(terminal, async () => {
    const found = await survey(optionsOf(options, terminal), signal)
    if (found === undefined) return undefined
    const { snapshot, clusters, missing } = found
    return { snapshot, clusters, missing: missing.map(({ name }) => name) }
  })
}

/**
 * Reads the clusters that the options name, and goes on watching them.
 * @returns undefined: it would not be complete; why has been told
 * @throws CANCELLED
 */
export async function watchedUse(
  options: ClusterUseOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<WatchedUse | undefined> {
  return await orTold(terminal, async () => {
    const asked = optionsOf(options, terminal)
    const watched = await watchContexts(asked, signal)
    if (watched === undefined) return undefined
    const { snapshot, clusters, missing } = told(watched, asked)
    const { live, stop } = watched
    const barrier = (ends: AbortSignal) => live.barrier(ends)
    return { snapshot, clusters, missing: missing.map(({ name }) => name), barrier, stop }
  })
}

function optionsOf(options: ClusterUseOptions, terminal: Terminal) {
  const asked = surveyOptions({ ...options, timeout: options.clusterTimeout }, terminal)
  return { ...asked, timeoutOption: '--cluster-timeout' }
}

/** @returns undefined also where there is no kubeconfig to go by */
async function orTold<T>(terminal: Terminal, read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!hasCode(error, 'KUBE_CONFIG_INVALID')) throw error
    terminal.note(errorLine(error))
    return undefined
  }
}
