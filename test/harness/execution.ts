import { KnownCapabilities } from '#evict/capabilities.ts'
import type { Eviction } from '#evict/eviction.ts'
import { type ExecutionEnd, type ExecutionOrder, type ExecutionSite, execute } from '#evict/execution.ts'
import type { ExecutionProgress } from '#evict/execution-progress.ts'
import type { KeptSample } from '#evict/sample.ts'
import type { AuditLine } from '#registry/client.ts'
import type { EvictionSite } from '#test/harness/eviction.ts'
import { systemClock } from '#time/clock.ts'

/** How a run in a test differs from one that may delete everything at once. */
export interface TestRun extends Partial<Omit<ExecutionOrder, 'evictions'>> {
  readonly site?: Partial<ExecutionSite>
}

export interface TestExecution {
  readonly end: ExecutionEnd
  readonly lines: readonly AuditLine[]
  readonly progress: readonly ExecutionProgress[]
}

/** Carries out a plan on a real registry, by a process of its own: all that it knows of earlier ones is in the workspace. */
export async function executeOn(
  place: EvictionSite,
  evictions: readonly Eviction[],
  { site = {}, ...order }: TestRun = {},
): Promise<TestExecution> {
  const lines: AuditLine[] = []
  const progress: ExecutionProgress[] = []
  const end = await execute(executionSiteOf(place, { audit: (line) => lines.push(line), ...site }), {
    ...{ run: 'run', evictions, onEvict: 'Delete', gcWindowMs: 3_600_000, evictDamaged: false },
    ...{ sample: sampleOf(evictions), placeholder: 'Auto', progress: (told) => progress.push(told) },
    ...order,
  })
  return { end, lines, progress }
}

/** What a process of its own works with that may delete everything at once. */
export function executionSiteOf(place: EvictionSite, more: Partial<ExecutionSite> = {}): ExecutionSite {
  const { client } = place
  return {
    ...{ pull: client, push: client, delete: client, clock: systemClock },
    product: place.registry.version === '3' ? 'distribution-3' : 'distribution-2',
    shelf: { client, prefix: 'tallyman' },
    capabilities: new KnownCapabilities(systemClock),
    guard: async () => undefined,
    fence: () => undefined,
    stillDoomed: () => true,
    audit: () => undefined,
    signal: new AbortController().signal,
    quietMs: 5,
    deleteLimitMs: 60_000,
    ...more,
  }
}

/** Everything that stays. */
function sampleOf(evictions: readonly Eviction[]): KeptSample {
  return new Map(
    evictions.map(({ repository, tags, bindings }) => {
      const going = new Set(bindings.map(({ tag }) => tag))
      const stays = [...tags].filter(([tag]) => !going.has(tag))
      return [repository, stays.map(([tag, digest]) => ({ tag, digest }))]
    }),
  )
}
