import type { OpenRegistry } from '#controllers/registry-access.ts'
import { withTimeLimit } from '#controllers/time-limit.ts'
import type { RegistrySpec } from '#crds/registry.ts'
import type { RegistryCheckSpec, RegistryCheckStatus } from '#crds/registry-check.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { lap } from '#scan/lap.ts'
import type { LapInput, LapMemory } from '#scan/lap-input.ts'
import type { Lap } from '#scan/lap-result.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

/** The share of a run, and of the time until the next, in which content is read: the rest is for what cannot wait. */
const READING_SHARE = 0.5

export interface CheckRun extends Lap {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
  /** Where the registry answered. */
  readonly registryUrl: string
  /** What could be tried as pods would; absent: nothing was asked for. */
  readonly pullSecrets?: RegistryCheckStatus['pullSecrets']
}

export interface CheckRunInput {
  readonly spec: RegistryCheckSpec
  readonly registry: RegistrySpec
  readonly names: RegistryNames
  readonly opened: OpenRegistry
  readonly snapshot: InventorySnapshot
  readonly memory: LapMemory
  /** See LapInput. */
  readonly workspaces: readonly string[]
  /** See LapInput. */
  readonly asPods: LapInput['asPods']
  /** Somebody asked for it: see LapInput.provesAnew. */
  readonly isRequested: boolean
  /** When the next run begins, ms since the epoch. */
  readonly nextAt: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * One run over all images in scope.
 * @throws TallymanError TIMED_OUT after spec.timeout; CANCELLED when the signal aborts; REGISTRY_*
 */
export async function runCheck(input: CheckRunInput): Promise<CheckRun> {
  const { spec, registry, names, opened, snapshot, memory, workspaces, clock } = input
  const startedAt = clock.now()
  const ms = parseDuration(spec.timeout) ?? 0
  const message = `the run took longer than spec.timeout (${spec.timeout})`
  const untilNextLapMs = Math.max(0, input.nextAt - startedAt)
  const done = await withTimeLimit({ clock, signal: input.signal, ms, message }, (signal) =>
    lap({
      ...{ client: opened.client, names, snapshot, spec, memory, workspaces, untilNextLapMs, clock, signal },
      asPods: input.asPods,
      pullThrough: registry.pullThrough,
      provesAnew: input.isRequested,
      concurrency: registry.limits.concurrency,
      readingMs: Math.min(ms, untilNextLapMs) * READING_SHARE,
    }),
  )
  return { ...done, startedAt, finishedAt: clock.now(), registryUrl: opened.url }
}
