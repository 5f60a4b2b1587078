import { spawn } from 'node:child_process'
import path from 'node:path'
import { imageNodeFlags } from '#test/harness/node-flags.ts'

export interface CommandResult {
  /** null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface RunningCommand {
  /** Settles when it has ended. Never rejects but where it could not be started. */
  readonly result: Promise<CommandResult>
  /** What it has written to stdout so far. */
  readonly stdout: string
  signal(signal: NodeJS.Signals): void
}

const BUNDLE = path.join(import.meta.dirname, '../../dist/tallyman.mjs')
const LONGEST_MS = 120_000

/**
 * `tallyman` as users run it, with its output in pipes: the bundle, in a process of its own. `make build` makes the bundle.
 * @param input what it reads on stdin; default: nothing
 */
export function startTallyman(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  input = '',
): RunningCommand {
  const child = spawn(process.execPath, [...imageNodeFlags(), BUNDLE, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
    // Compiled code is kept between the many starts of a test run.
    env: { ...process.env, NODE_COMPILE_CACHE: path.join(path.dirname(BUNDLE), 'compile-cache'), ...env },
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
  // One that does not read it may have ended before.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code, stdout: text(stdout), stderr: text(stderr) })
    })
  })
  return {
    result,
    get stdout() {
      return text(stdout)
    },
    signal: (signal) => void child.kill(signal),
  }
}

/** The same, until it has ended. */
export async function tallyman(
  args: readonly string[],
  env?: Readonly<Record<string, string | undefined>>,
  input?: string,
): Promise<CommandResult> {
  return await startTallyman(args, env, input).result
}
