import type { OpenRegistry } from '#controllers/registry-access.ts'
import { withTimeLimit } from '#controllers/time-limit.ts'
import type { RegistrySpec } from '#crds/registry.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import { compileIgnores } from '#health/ignore.ts'
import { judge } from '#health/judge.ts'
import { type JudgedImage, type RollUp, rollUp } from '#health/roll-up.ts'
import { compileSeverityRules } from '#health/severity.ts'
import type { RegistryNames } from '#inventory/locate.ts'
import type { InventorySnapshot } from '#inventory/snapshot.ts'
import { scanImages } from '#scan/image-scan.ts'
import { targetsInUse } from '#scan/targets.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

export interface CheckRun extends RollUp {
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
  /** Images in use that belong to another registry. */
  readonly elsewhere: number
}

export interface CheckRunInput {
  readonly spec: RegistryCheckSpec
  readonly registry: RegistrySpec
  readonly names: RegistryNames
  readonly opened: OpenRegistry
  readonly snapshot: InventorySnapshot
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * One run over all images in use: look at each, judge what was seen. Writes nothing to the registry.
 * @throws TallymanError TIMED_OUT after spec.timeout; CANCELLED when the signal aborts
 */
export async function runCheck(input: CheckRunInput): Promise<CheckRun> {
  const { spec, registry, clock, snapshot } = input
  const startedAt = clock.now()
  const ms = parseDuration(spec.timeout) ?? 0
  const message = `the run took longer than spec.timeout (${spec.timeout})`
  const { targets, elsewhere } = targetsInUse(snapshot, input.names)
  const evidence = await withTimeLimit({ clock, signal: input.signal, ms, message }, (signal) =>
    scanImages(
      input.opened.client,
      targets.map(({ target }) => target),
      {
        clock,
        signal,
        depth: registry.pullThrough ? 'Head' : spec.depth,
        concurrency: registry.limits.concurrency,
      },
    ),
  )
  const context = {
    platforms: snapshot.platforms,
    severity: compileSeverityRules(spec.severity),
    ignore: compileIgnores(spec.ignore),
    now: startedAt,
  }
  const judged = targets.flatMap(({ use }, index): JudgedImage[] => {
    const seen = evidence[index]
    return seen === undefined ? [] : [judge(use, seen, context)]
  })
  return { ...rollUp(judged), startedAt, finishedAt: clock.now(), elsewhere }
}
