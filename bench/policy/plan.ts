// Plans a registry of many tags, in steps as the operator does, and prints what it took. Bundled before it runs.
import { inUseIndex } from '#inventory/in-use-index.ts'
import { compilePins, DEFAULT_PINS } from '#inventory/pins.ts'
import { compileRules } from '#retention/compiled-rule.ts'
import { judgeInSteps } from '#retention/judge.ts'
import { planInSteps } from '#retention/plan.ts'
import { calmly } from '#time/calmly.ts'
import { heapBytes, idle, statusMb, threadCpuMs, watchTurns } from '../support/own-process.ts'
import { population } from './population.ts'
import { RULES } from './rules.ts'

export interface PlanInput {
  readonly repositories: number
  readonly tagsEach: number
}

export interface PlanOutput {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly factsMb: number
  readonly longestTurnMs: number
  readonly tags: number
  readonly evict: number
}

const input: PlanInput = JSON.parse(process.argv[2] ?? '')
const now = Date.UTC(2026, 10, 1)
const idleMb = await idle()
const { facts, used, host } = population(input.repositories, input.tagsEach, now)
const factsMb = heapBytes() / 1024 / 1024
// The peak begins again: making the registry is not what is measured, having it is.
await idle()
const names = { host, aliases: [] }
const snapshots = [{ images: used, remembered: [], pins: compilePins(DEFAULT_PINS) }]
const started = performance.now()
const cpuBefore = threadCpuMs()
const turns = watchTurns()
const judgement = await calmly(
  judgeInSteps({
    ...{ facts, names, now, workspaces: ['tallyman'], restored: [] },
    unusedSince: { at: now - 31 * 86_400_000, isWatchStart: false },
    usage: inUseIndex({ snapshots }, names),
    rules: compileRules(RULES),
  }),
)
const { summary } = await calmly(
  planInSteps(judgement, { url: 'https://r.example', registry: 'r', policy: 'p', rules: 'h' }),
)
const longestTurnMs = turns.stop()
const output: PlanOutput = {
  seconds: (performance.now() - started) / 1000,
  cpuSeconds: (threadCpuMs() - cpuBefore) / 1000,
  peakMb: statusMb('VmHWM') - idleMb,
  factsMb,
  longestTurnMs,
  tags: summary.tags,
  evict: summary.evict,
}
process.stdout.write(`${JSON.stringify(output)}\n`)
