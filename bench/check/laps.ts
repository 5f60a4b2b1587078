// Makes two laps over a registry as a RegistryCheck does, and prints what each took. Bundled before it runs.
import { readFile } from 'node:fs/promises'
import { RegistryCheckSpec } from '#crds/registry-check.ts'
import { RegistryPool } from '#registry/pool.ts'
import { lap } from '#scan/lap.ts'
import { emptyMemory } from '#scan/lap-input.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { systemClock } from '#time/clock.ts'
import { idle, statusMb } from '../support/own-process.ts'

export interface LapsInput {
  readonly url: string
  readonly host: string
  readonly caPem: string | undefined
  readonly scope: 'InUse' | 'All'
  /** The images in use; see CheckFixture.list. */
  readonly list: string
  readonly connections: number
}

export interface LapsOutput {
  readonly coldMs: number
  readonly warmMs: number
  readonly coldRequests: number
  readonly warmRequests: number
  /** Over both laps, above what the idle program takes. */
  readonly peakMb: number
  readonly images: number
  readonly healthy: number
}

const input: LapsInput = JSON.parse(process.argv[2] ?? '')
let requests = 0
const pool = new RegistryPool({
  clock: systemClock,
  userAgent: 'bench',
  observer: {
    finished: () => {
      requests += 1
    },
  },
})
const refs = { registryRef: { name: 'bench' }, inventoryRef: { name: 'bench' } }
const spec = RegistryCheckSpec.parse({ ...refs, scope: input.scope, evidenceMaxAge: '6h' })
const names = input.scope === 'All' ? [] : (await readFile(input.list, 'utf8')).split('\n')
const snapshot = snapshotOf(names.map((name) => imageUse(`${input.host}/${name}`)))
const client = pool.client({ url: input.url, caPem: input.caPem, limits: { concurrency: input.connections } })
await client.ping()

const idleMb = await idle()
requests = 0
const cold = await timed(emptyMemory(systemClock))
const coldRequests = requests
const warm = await timed(cold.done.memory)
const { total, healthy } = warm.done.images
const output: LapsOutput = {
  ...{ coldMs: cold.ms, warmMs: warm.ms, coldRequests, warmRequests: requests - coldRequests },
  ...{ peakMb: statusMb('VmHWM') - idleMb, images: total, healthy },
}
process.stdout.write(`${JSON.stringify(output)}\n`)
process.exit()

async function timed(memory: ReturnType<typeof emptyMemory>) {
  const started = performance.now()
  const done = await lap({
    ...{ client, names: { host: input.host, aliases: [] }, snapshot, spec, memory },
    ...{ pullThrough: false, concurrency: input.connections, provesAnew: false, clock: systemClock },
    ...{ untilNextLapMs: 15 * 60_000, readingMs: 0, signal: new AbortController().signal },
  })
  return { done, ms: performance.now() - started }
}
