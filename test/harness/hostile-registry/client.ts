import { readFileSync, writeFileSync } from 'node:fs'
import { TallymanError } from '#catalogue/error.ts'
import { judge } from '#health/judge.ts'
import type { RegistryClient } from '#registry/client.ts'
import { RegistryPool } from '#registry/pool.ts'
import { compileSelection } from '#scan/selection.ts'
import { targetsInUse } from '#scan/targets.ts'
import { imageUse, snapshotOf } from '#test/harness/image-use.ts'
import { scanOnce } from '#test/harness/scanning.ts'
import { systemClock } from '#time/clock.ts'
import type { Trial, TrialOutcome } from './process.ts'

/**
 * A client of the hostile registry as a process of its own: carries out trials and prints their outcomes as JSON.
 * Argument: `{url, trials}` as JSON.
 */
interface Input {
  readonly url: string
  readonly trials: readonly Trial[]
}

const BLOB = { digest: `sha256:${'0'.repeat(64)}`, size: 1_000 }

const input: Input = JSON.parse(process.argv[2] ?? '')
const timeouts = { answerMs: 3_000, progressWindowMs: 3_000, throttleMs: 2_000 }
const pool = new RegistryPool({ clock: systemClock, userAgent: 'tallyman-test', timeouts })
const client = pool.client({ url: input.url, limits: { concurrency: 8 } })

// What is loaded and compiled once is no growth.
await said({ call: 'scan', repositories: ['malformed-digest'] })
await drain(client.tags('huge-headers'))
const idleMb = await idle()
const outcomes: TrialOutcome[] = []
for (const trial of input.trials) {
  forgetPeak()
  const outcome = await said(trial)
  outcomes.push({ said: outcome, growthMb: Math.round(statusMb('VmHWM') - idleMb) })
}
process.stdout.write(JSON.stringify(outcomes))
await pool.close()

async function said(trial: Trial): Promise<readonly string[]> {
  try {
    return await carryOut(trial, client)
  } catch (error) {
    if (error instanceof TallymanError) return [error.code]
    throw error
  }
}

async function carryOut(trial: Trial, registry: RegistryClient): Promise<readonly string[]> {
  const [repository = ''] = trial.repositories
  switch (trial.call) {
    case 'manifest':
      await registry.getManifest(repository, 'latest')
      break
    case 'tags':
      await drain(registry.tags(repository))
      break
    case 'catalog':
      await drain(registry.repositories())
      break
    case 'blob':
      await registry.hashBlob(repository, BLOB)
      break
    case 'scan':
      return scan(registry, trial.repositories)
  }
  return ['ok']
}

/** As a RegistryCheck of depth Blobs does it. */
async function scan(registry: RegistryClient, repositories: readonly string[]): Promise<readonly string[]> {
  const { host } = new URL(input.url)
  const snapshot = snapshotOf(repositories.map((name) => imageUse(`${host}/${name}:latest`)))
  const { targets } = targetsInUse(snapshot, { host, aliases: [] }, compileSelection(undefined))
  const evidence = await scanOnce(
    registry,
    targets.map(({ target }) => target),
    { concurrency: 16 },
  )
  const context = { platforms: snapshot.platforms, severity: [], ignore: [], now: 0 }
  return evidence.map((seen, at) => {
    const { findings } = judge(targets[at]?.use ?? imageUse(''), seen, context)
    return [seen.repository, ...findings.map(({ code }) => code)].join(' ')
  })
}

async function drain(pages: AsyncIterable<readonly string[]>): Promise<void> {
  for await (const page of pages) if (page.length === 0) throw new Error('an empty page')
}

async function idle(): Promise<number> {
  globalThis.gc?.()
  globalThis.gc?.()
  await systemClock.sleep(200)
  forgetPeak()
  return statusMb('VmRSS')
}

/** Linux, proc(5): VmHWM begins again at what is resident now. */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5')
}

function statusMb(field: 'VmHWM' | 'VmRSS'): number {
  const [, kb] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kb) / 1024
}
