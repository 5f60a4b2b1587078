// Lets go of the oldest tags of a repository as a run of a RegistryPolicy does, up to where the first manifest would go, and prints what it took. Bundled before it runs.
import { readFile } from 'node:fs/promises'
import { KnownCapabilities } from '#evict/capabilities.ts'
import { type ExecutionEnd, type ExecutionOrder, type ExecutionSite, execute } from '#evict/execution.ts'
import type { Product } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { systemClock } from '#time/clock.ts'
import { statusMb } from '../support/own-process.ts'

export interface UntagInput {
  readonly url: string
  readonly product: Product
  readonly repository: string
  /** See EvictFixture.list. */
  readonly list: string
  /** So many of the oldest go. */
  readonly going: number
  readonly onEvict: 'Trash' | 'Delete'
  readonly run: string
}

export interface UntagOutput {
  /** To make the copies; 0 where none are made. */
  readonly copyMs: number
  /** To prove them and let go of the tags. */
  readonly untagMs: number
  readonly trashed: number
  readonly untagged: number
  readonly cpuMs: number
  readonly peakMb: number
}

/** A sample as a plan takes it: three that a rule keeps and twenty in use. */
const SAMPLE = 23

const input: UntagInput = JSON.parse(process.argv[2] ?? '')
const { url, product, repository, going, onEvict } = input
const listed: [string, string][] = JSON.parse(await readFile(input.list, 'utf8'))
const bindings = listed.slice(0, going).map(([tag, digest]) => ({ tag, digest }))
const staying = listed.slice(going).map(([tag, digest]) => ({ tag, digest }))
const stop = new AbortController()
const client = new RegistryPool({ clock: systemClock, userAgent: 'bench' }).client({
  ...{ url, limits: { concurrency: 8 } },
})
// As whoever opens a Registry does.
await client.ping()
const site: ExecutionSite = {
  ...{ pull: client, push: client, delete: client, product, clock: systemClock, signal: stop.signal },
  shelf: { client, prefix: 'tallyman' },
  capabilities: new KnownCapabilities(systemClock),
  guard: async () => undefined,
  fence: () => undefined,
  stillDoomed: () => true,
  audit: () => undefined,
  ...{ quietMs: 1_000, deleteLimitMs: 120_000 },
}
let untaggedAt: number | undefined
const order: ExecutionOrder = {
  ...{ run: input.run, onEvict, gcWindowMs: 0, evictDamaged: false, placeholder: 'Auto' },
  evictions: [{ repository, tags: new Map(listed), bindings, digests: bindings.map(({ digest }) => digest) }],
  sample: new Map([[repository, staying.slice(-SAMPLE)]]),
  progress: ({ stage, left }) => {
    if (stage !== 'Sweeping' || left === 0) return
    untaggedAt ??= performance.now()
    stop.abort()
  },
}

const startedAt = performance.now()
const first = await execute(site, order)
const copiedAt = performance.now()
const last = first.phase === 'WaitingForGarbageCollection' ? await execute(site, order) : first
if (untaggedAt === undefined) throw new Error(`the run ended as ${last.phase}: ${why(last)}`)
const copyMs = first === last ? 0 : copiedAt - startedAt
const { user, system } = process.cpuUsage()
const output: UntagOutput = {
  ...{ copyMs, untagMs: untaggedAt - startedAt - copyMs },
  ...{ trashed: last.counts.trashed, untagged: last.counts.untagged },
  ...{ cpuMs: (user + system) / 1000, peakMb: statusMb('VmHWM') },
}
process.stdout.write(`${JSON.stringify(output)}\n`)
process.exit()

function why({ stoppedBy, problems: [problem] }: ExecutionEnd): string {
  return stoppedBy?.message ?? problem?.error.message ?? 'nothing was left to sweep'
}
