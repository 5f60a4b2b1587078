// `make soak MINUTES=10 SEED=7`: the operator's watching on two real clusters, with everything that goes wrong in a bad year.
import { ProcessTerminal } from '#commands/terminal.ts'
import { machineTime } from '#test/soak/machine-time.ts'
import { progressLine, resultLines } from '#test/soak/report.ts'
import { soak } from '#test/soak/soak.ts'

const MINUTE_MS = 60_000
const EXIT_INTERRUPTED = 130

const minutes = numberOf('MINUTES', process.argv[2], 5)
const seed = numberOf('SEED', process.argv[3], Math.floor(machineTime()) % 100_000)
const terminal = new ProcessTerminal(process.stdout, process.stderr)

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

terminal.note(`${minutes} minutes with SEED=${seed}; Ctrl-C ends it`)
const begun = machineTime()
try {
  const result = await soak({
    ...{ durationMs: minutes * MINUTE_MS, seed, signal: stop.signal },
    onProgress: (state) => {
      const line = progressLine(machineTime() - begun, state)
      if (terminal.progress === undefined) terminal.note(line)
      else terminal.show([line.slice(0, terminal.progress.columns - 1)])
    },
  })
  terminal.show([])
  await terminal.print(`${resultLines(result).join('\n')}\n`)
  const isBad = result.lost.length > 0 || result.problem !== undefined
  process.exitCode = isBad ? 1 : stop.signal.aborted ? EXIT_INTERRUPTED : 0
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = EXIT_INTERRUPTED
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  process.stderr.write(`${name} is a number above 0, not ${JSON.stringify(text)}\n`)
  process.exit(2)
}
