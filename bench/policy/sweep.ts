// Deletes manifests of a repository that no tag names, as a run of a RegistryPolicy does, and prints what it took. Bundled before it runs.
import { readFile } from 'node:fs/promises'
import { journalOf } from '#evict/journal-shelf.ts'
import { sweep } from '#evict/sweep.ts'
import { RegistryPool } from '#registry/pool.ts'
import { systemClock } from '#time/clock.ts'

export interface SweepInput {
  readonly url: string
  readonly repository: string
  /** See EvictFixture.list: all of them stay. */
  readonly list: string
  readonly digests: readonly string[]
}

export interface SweepOutput {
  readonly ms: number
  readonly swept: number
}

const input: SweepInput = JSON.parse(process.argv[2] ?? '')
const { url, repository, digests } = input
const tags = new Map<string, string>(JSON.parse(await readFile(input.list, 'utf8')))
const { signal } = new AbortController()
const client = new RegistryPool({ clock: systemClock, userAgent: 'bench' }).client({
  ...{ url, limits: { concurrency: 8 } },
})
const startedAt = performance.now()
// As whoever opens a Registry does.
await client.ping()
const journal = await journalOf({ client, prefix: 'tallyman' }, repository, 'run', { signal, lane: 'bulk' })
let swept = 0
await sweep(
  {
    ...{ repository, pull: client, push: client, delete: client, journal, clock: systemClock, signal },
    guard: async () => undefined,
    fence: () => undefined,
    stillDoomed: () => true,
    audit: () => undefined,
    ended: ({ outcome }) => {
      if (outcome === 'swept') swept += 1
    },
    ...{ quietMs: 1_000, deleteLimitMs: 120_000 },
  },
  { repository, tags, bindings: [], digests },
)
const output: SweepOutput = { ms: performance.now() - startedAt, swept }
process.stdout.write(`${JSON.stringify(output)}\n`)
process.exit()
