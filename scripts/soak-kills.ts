import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { machineTime } from '#test/soak/machine-time.ts'
import { rounds } from '#test/soak/rounds.ts'

/** Files of vitest.config.ts that run only here, and what else kills the operator. */
const TESTS = [
  'execution-kill',
  'disturbed-kill',
  'trash-kill',
  'policy-kill',
  'e2e/kill',
  'node/disturbed-run',
]

export interface KillsOptions {
  /** Of the first round. */
  readonly seed: number
  /** undefined: one round. */
  readonly durationMs: number | undefined
  readonly signal: AbortSignal
}

/**
 * `make soak PART=kills`: runs that are killed at every single request, round after round.
 * @param note is told the seed of each round before it begins, and how to repeat one that failed
 * @returns the exit code of the last round
 */
export function soakKills(options: KillsOptions, note: (line: string) => void): Promise<number> {
  return rounds({ ...options, now: machineTime }, async (seed) => {
    note(`a round with SEED=${seed}`)
    const code = await round(seed, options.signal)
    note(
      code === 0
        ? `the round with SEED=${seed} passed`
        : `it failed: make soak PART=kills SEED=${seed} repeats it`,
    )
    return code
  })
}

async function round(seed: number, signal: AbortSignal): Promise<number> {
  const env = { ...process.env, TALLYMAN_EVERY_REQUEST: '1', TALLYMAN_SEED: String(seed) }
  const tests = spawn(path.join(import.meta.dirname, 'test'), TESTS, { env, stdio: 'inherit' })
  const end = () => tests.kill()
  signal.addEventListener('abort', end, { once: true })
  const [code]: unknown[] = await once(tests, 'close')
  signal.removeEventListener('abort', end)
  return typeof code === 'number' ? code : 1
}
