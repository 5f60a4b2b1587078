import type { InventoryConfig } from '#clusters/inventory-config.ts'
import { LiveInventory } from '#clusters/live-inventory.ts'
import type { SourcesConfig } from '#clusters/sources-config.ts'
import { commandLog } from '#commands/command-log.ts'
import { type MissingContext, type OpenContext, openContext } from '#commands/open-context.ts'
import { missingNotes } from '#commands/survey-notes.ts'
import { showProgress } from '#commands/survey-progress.ts'
import type { Terminal } from '#commands/terminal.ts'
import { unreadable } from '#commands/unreadable.ts'
import { compilePins } from '#inventory/pins.ts'
import type { WatchedCluster } from '#inventory/watched-cluster.ts'
import type { Clock } from '#time/clock.ts'

export interface WatchOptions {
  readonly kubeconfig: string | undefined
  /** undefined in place of a name: the current one. */
  readonly contexts: readonly (string | undefined)[]
  readonly sources: SourcesConfig
  readonly retainMs: number
  readonly timeoutMs: number
  /** The option that sets it; default: `--timeout`. */
  readonly timeoutOption?: string | undefined
  readonly allowMissing: boolean
  readonly quiet: boolean
  readonly terminal: Terminal
  readonly clock: Clock
}

/** Contexts whose clusters are held in full, and are watched until `stop`. */
export interface WatchedContexts {
  readonly live: LiveInventory
  /** Those that are watched. */
  readonly open: readonly OpenContext[]
  /** What was left out. */
  readonly missing: readonly MissingContext[]
  /** Ends the watches and closes the connections; what is held stays. */
  stop(): Promise<void>
}

/** How long a cluster may take for its first answer. */
const ANSWER_MS = 15_000
/** What is refused shows kind by kind: this long the rest is waited for, so that it is told all at once. */
const SETTLE_MS = 500

/**
 * Watches what the clusters of some contexts use, and tells on stderr how reading it goes. Resolves when they are complete but for what is missing.
 * @returns undefined: something is missing and may not be, or everything is; why has been told
 * @throws KUBE_CONFIG_INVALID, CANCELLED
 */
export async function watchContexts(
  options: WatchOptions,
  signal: AbortSignal,
): Promise<WatchedContexts | undefined> {
  const { timeoutMs, clock, terminal, allowMissing } = options
  const limit = new AbortController()
  const cancel = clock.schedule(timeoutMs, () => limit.abort())
  const open: OpenContext[] = []
  const close = async () => {
    await Promise.all(open.map(({ connection }) => connection.close()))
  }
  let live: LiveInventory | undefined
  try {
    const missing = await openAll(options, open, signal)
    live = await synced(open, missing, options, { signal, limit: limit.signal })
    for (const note of missingNotes(missing, { isLeftOut: live !== undefined, allowMissing }))
      terminal.note(note)
    if (live === undefined) return undefined
    const watched = live
    const stop = async () => {
      await watched.stop()
      await close()
    }
    return { live, open, missing, stop }
  } finally {
    cancel()
    if (live === undefined) await close()
  }
}

/** @param open takes in what answers, also where something else throws @returns what does not */
async function openAll(
  { kubeconfig, contexts, clock, timeoutMs }: WatchOptions,
  open: OpenContext[],
  signal: AbortSignal,
): Promise<MissingContext[]> {
  const asked = { kubeconfig, clock, signal, timeoutMs: Math.min(timeoutMs, ANSWER_MS) }
  const answers = await Promise.allSettled(contexts.map((context) => openContext({ ...asked, context })))
  const missing: MissingContext[] = []
  for (const answer of answers) {
    if (answer.status === 'rejected') continue
    if ('connection' in answer.value) open.push(answer.value)
    else missing.push(answer.value)
  }
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  return missing
}

/** @param missing takes in what turns out not to be readable @returns undefined: what can be read is not enough */
async function synced(
  open: readonly OpenContext[],
  missing: MissingContext[],
  options: WatchOptions,
  ends: { readonly signal: AbortSignal; readonly limit: AbortSignal },
): Promise<LiveInventory | undefined> {
  const { timeoutMs, allowMissing, quiet, terminal, clock } = options
  let left = open
  let isSettled = false
  const mayGoOn = () => (allowMissing || missing.length === 0) && left.length > 0
  if (!mayGoOn()) return undefined
  // Nothing is remembered: but with `none`, a pod that has finished would count for as long as it exists.
  const memory = 'unloaded'
  const log = commandLog(terminal)
  const live = new LiveInventory({ config: configOf(left, options), memory, clock, log })
  const endProgress = quiet
    ? () => undefined
    : showProgress(terminal, clock, () => live.inventory.clusters.map(progressOf))
  let isSynced = false
  try {
    live.start()
    for (;;) {
      ends.signal.throwIfAborted()
      isSynced = live.synced
      if (isSynced) return live
      const failing = failingOf(live, ends.limit.aborted ? timeoutMs : undefined, options.timeoutOption)
      if (failing.length > 0 && !isSettled) {
        isSettled = true
        await clock.sleep(SETTLE_MS, ends.signal)
        continue
      }
      missing.push(...failing)
      left = left.filter(({ name }) => failing.every((each) => each.name !== name))
      if (!mayGoOn()) return undefined
      if (failing.length > 0) live.configure(configOf(left, options))
      else await live.nextChange(AbortSignal.any([ends.signal, ends.limit]))
    }
  } finally {
    endProgress()
    if (!isSynced) await live.stop()
  }
}

function failingOf(
  live: LiveInventory,
  lateAfterMs: number | undefined,
  timeoutOption: string | undefined,
): MissingContext[] {
  return live.inventory.clusters.flatMap((cluster) => {
    const problem = unreadable(cluster, lateAfterMs, timeoutOption)
    return problem === undefined ? [] : [{ name: cluster.name, problem }]
  })
}

/** The contexts of one cluster are no mistake here: it is counted once. */
function configOf(
  contexts: readonly OpenContext[],
  { sources, retainMs }: Pick<WatchOptions, 'sources' | 'retainMs'>,
): InventoryConfig {
  return {
    retainMs,
    clusters: contexts.map(({ name, connection }) => ({
      policy: { name, required: true, duplicateAcknowledged: true, floor: 0, maxShrinkPercent: 100 },
      access: { kind: 'connection', connection },
    })),
    release: [],
    sources,
    pins: compilePins([]),
    pinProblems: [],
  }
}

function progressOf({ name, sources, sameAs, uses }: WatchedCluster) {
  const read = sameAs === undefined ? sources : []
  return {
    name,
    kinds: read.length,
    complete: read.filter(({ state }) => state === 'synced').length,
    objects: uses.counters.objects,
  }
}
