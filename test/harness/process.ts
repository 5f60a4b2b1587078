import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { eventually } from '#test/harness/wait.ts'
import { forgetProcess, watchProcess } from '#test/harness/watchdog.ts'

export interface ProcessOptions {
  /** What it is called in messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to the environment of this process; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Both output streams go here, appended. */
  readonly logFile: string
  /** True as soon as it serves; asked every 25 ms. An error counts as "not yet". */
  readonly ready: () => boolean | Promise<boolean>
  /** Default 100,000: two cores may be shared by many. */
  readonly readyTimeoutMs?: number
  /** Ends the start: what runs already is stopped, and the signal's reason thrown. Once ready it means nothing. */
  readonly signal?: AbortSignal | undefined
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface RunningProcess {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  readonly running: boolean
  /** Settles when the process has ended, for whatever reason. Never rejects. */
  readonly exited: Promise<ProcessExit>
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, wait, and SIGKILL to its whole group after `graceMs` (default 10,000). Resolves when it is gone. */
  stop(graceMs?: number): Promise<ProcessExit>
}

/**
 * Starts a server in a session of its own with its output in a file, and waits until it is ready. It never outlives
 * this process.
 * @throws Error with the tail of the log, when it ends or stays unready
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  options.signal?.throwIfAborted()
  const child = launch(options)
  const pid = child.pid
  if (pid === undefined) throw await new Promise((resolve) => child.once('error', resolve))
  watchProcess(pid)
  let running = true
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      running = false
      forgetProcess(pid)
      resolve({ code, signal })
    })
  })
  const started: RunningProcess = {
    name: options.name,
    pid,
    logFile: options.logFile,
    get running() {
      return running
    },
    exited,
    signal: (signal) => void child.kill(signal),
    stop: async (graceMs = 10_000) => {
      if (!running) return exited
      child.ref()
      child.kill('SIGTERM')
      // A stopped process would receive SIGTERM only when it continues.
      child.kill('SIGCONT')
      const timer = setTimeout(() => killGroup(pid), graceMs)
      const exit = await exited
      clearTimeout(timer)
      return exit
    },
  }
  await untilReady(started, options)
  child.unref()
  return started
}

function launch(options: ProcessOptions): ChildProcess {
  mkdirSync(path.dirname(options.logFile), { recursive: true })
  const log = openSync(options.logFile, 'a')
  try {
    return spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
  } finally {
    closeSync(log)
  }
}

async function untilReady(started: RunningProcess, options: ProcessOptions): Promise<void> {
  const { name, ready, readyTimeoutMs = 100_000 } = options
  const gone = new AbortController()
  void started.exited.then((exit) =>
    gone.abort(
      new Error(`${name} ended with ${exit.signal ?? `exit code ${exit.code}`} before it was ready`),
    ),
  )
  try {
    await eventually(ready, {
      timeoutMs: readyTimeoutMs,
      message: `${name} to be ready`,
      signal: options.signal === undefined ? gone.signal : AbortSignal.any([gone.signal, options.signal]),
    })
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error))
    await started.stop(2_000)
    options.signal?.throwIfAborted()
    throw new Error(`${message}\n--- ${options.logFile}\n${await tail(options.logFile)}`, {
      cause: error,
    })
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** The last 30 lines of a text file, at most 8 KiB of them. */
export async function tail(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, 8_192)
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-30).join('\n')
  } finally {
    await handle.close()
  }
}
