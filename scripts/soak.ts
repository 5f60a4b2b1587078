// `make soak MINUTES=10 SEED=7 PART=policy`: what the operator watches and what its policies delete, with everything that goes wrong in a bad year. `PART=kills`: soak-kills.ts.
import { ProcessTerminal } from '#commands/terminal.ts'
import { machineTime } from '#test/soak/machine-time.ts'
import { lostImages, policyProgressLine, policyResultLines } from '#test/soak/policy/report.ts'
import { policySoak } from '#test/soak/policy/soak.ts'
import { elapsed, progressLine, resultLines } from '#test/soak/report.ts'
import { soak } from '#test/soak/soak.ts'
import { recordCount } from '../bench/counts.ts'
import { soakKills } from './soak-kills.ts'

const MINUTE_MS = 60_000
const EXIT_INTERRUPTED = 130
/** A shorter one says little. */
const COUNTED_MINUTES = 5

interface PartOptions {
  readonly durationMs: number
  readonly seed: number
  readonly signal: AbortSignal
}

/** Prints what it came to. @returns whether all was well */
type Part = (options: PartOptions, show: (line: string) => void) => Promise<boolean>

const PARTS: Readonly<Record<string, Part>> = {
  inventory: async (options, show) => {
    const begun = machineTime()
    const onProgress = (state: Parameters<typeof progressLine>[1]) =>
      show(progressLine(machineTime() - begun, state))
    const result = await soak({ ...options, onProgress })
    await print(resultLines(result))
    return result.lost.length === 0 && result.problem === undefined
  },
  policy: async (options, show) => {
    const begun = machineTime()
    const onProgress = (state: Parameters<typeof policyProgressLine>[1]) =>
      show(policyProgressLine(elapsed(machineTime() - begun), state))
    const result = await policySoak({ ...options, onProgress })
    await print(policyResultLines(result))
    const lost = lostImages(result)
    const isJudged = !options.signal.aborted && (lost > 0 || result.problem === undefined)
    if (isJudged && options.durationMs >= COUNTED_MINUTES * MINUTE_MS) {
      const { kills, freezes, runs, evicted } = result
      recordCount('policy.lost', lost, { kills, freezes, runs, 'tags evicted': evicted })
    }
    return result.lost.length === 0 && result.problem === undefined
  },
}

const KILLS = 'kills'

/** undefined: as long as it takes to be counted, or one round of kills. */
const minutesGiven = numberOf('MINUTES', process.argv[2])
const seed = numberOf('SEED', process.argv[3]) ?? Math.floor(machineTime()) % 100_000
const terminal = new ProcessTerminal(process.stdout, process.stderr)

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

if (process.argv[4] === KILLS) process.exitCode = await kills()
else await soakParts(partsOf(process.argv[4]))

async function kills(): Promise<number> {
  const durationMs = minutesGiven === undefined ? undefined : minutesGiven * MINUTE_MS
  const code = await soakKills({ durationMs, seed, signal: stop.signal }, (line) => terminal.note(line))
  return stop.signal.aborted ? EXIT_INTERRUPTED : code
}

async function soakParts(parts: readonly [string, Part][]): Promise<void> {
  const minutes = minutesGiven ?? COUNTED_MINUTES * Object.keys(PARTS).length
  terminal.note(`${minutes} minutes with SEED=${seed}; Ctrl-C ends it`)
  try {
    const durationMs = (minutes * MINUTE_MS) / parts.length
    for (const [name, part] of parts) {
      if (stop.signal.aborted) break
      terminal.note(`PART=${name}`)
      const isWell = await part({ durationMs, seed, signal: stop.signal }, show)
      if (!isWell) process.exitCode = 1
    }
    terminal.note('Runs killed at every single request: make soak PART=kills')
    if (stop.signal.aborted) process.exitCode ??= EXIT_INTERRUPTED
  } catch (error) {
    if (!stop.signal.aborted) throw error
    process.exitCode = EXIT_INTERRUPTED
  }
}

function show(line: string): void {
  if (terminal.progress === undefined) terminal.note(line)
  else terminal.show([line.slice(0, terminal.progress.columns - 1)])
}

async function print(lines: readonly string[]): Promise<void> {
  terminal.show([])
  await terminal.print(`${lines.join('\n')}\n`)
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  return refuse(`${name} is a number above 0, not ${JSON.stringify(text)}`)
}

function partsOf(text: string | undefined): [string, Part][] {
  const all = Object.entries(PARTS)
  if (text === undefined || text === '') return all
  const chosen = all.filter(([name]) => name === text)
  const names = [...Object.keys(PARTS), KILLS].join(' or ')
  return chosen.length > 0 ? chosen : refuse(`PART is ${names}, not ${JSON.stringify(text)}`)
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
