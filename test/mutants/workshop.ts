import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PlacedMutant } from './all.ts'
import { mutate } from './mutate.ts'
import type { TestSet } from './tests-of.ts'

/** What the tests of a mutant run in, copied once. */
const COPIED = [
  ...['src', 'test', 'bench/counts.ts', 'config', 'Dockerfile'],
  ...['package.json', 'tsconfig.json', 'vitest.config.ts'],
]
const MAX_OUTPUT = 256 * 1024
const MAX_WHY = 2_000

/** How a set of tests ended. */
export type TestOutcome =
  | { readonly kind: 'passed' }
  /** The first test that failed, its file, and what it says. */
  | { readonly kind: 'failed'; readonly by: string; readonly test: string; readonly why: string }
  /** It ran for longer than it may: what hangs is noticed as well. */
  | { readonly kind: 'hung' }
  /** The tests could not even be run. */
  | { readonly kind: 'broken'; readonly why: string }

/** A copy of the code that may be damaged. */
export class Workshop {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(root: string): Promise<Workshop> {
    const folder = await mkdtemp(path.join(tmpdir(), 'tallyman-mutants-'))
    const workshop = new Workshop(folder)
    try {
      for (const name of COPIED) await cp(path.join(root, name), path.join(folder, name), { recursive: true })
      await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
      return workshop
    } catch (error) {
      await workshop.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Runs `work` while the protection is gone. @throws Error where the mutant does not fit the code */
  async without<T>(mutant: PlacedMutant, work: () => Promise<T>): Promise<T> {
    const file = path.join(this.#folder, mutant.file)
    const source = await readFile(file, 'utf8')
    await writeFile(file, mutate(source, mutant))
    try {
      return await work()
    } finally {
      await writeFile(file, source)
    }
  }

  /** Ends at the first test that fails. */
  async test({ files, env, limitMs }: TestSet, signal: AbortSignal): Promise<TestOutcome> {
    signal.throwIfAborted()
    const report = path.join(this.#folder, 'report.json')
    await rm(report, { force: true })
    const args = [
      path.join(this.#folder, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--bail=1', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`],
      ...files,
    ]
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      // As in scripts/test.
      env: { GOGC: '800', GOMEMLIMIT: '2GiB', ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: a worker that is in an endless loop does not notice that vitest has gone.
      detached: true,
    })
    const ended = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
    const kill = () => {
      const isOver = child.exitCode !== null || child.signalCode !== null
      if (child.pid !== undefined && !isOver) process.kill(-child.pid, 'SIGKILL')
    }
    ended.addEventListener('abort', kill, { once: true })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < MAX_OUTPUT) said += chunk.toString('utf8')
    })
    const killed = await new Promise<boolean>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (_code, by) => resolve(by === 'SIGKILL'))
    }).finally(() => ended.removeEventListener('abort', kill))
    signal.throwIfAborted()
    if (killed) return { kind: 'hung' }
    return outcomeOf(await readFile(report, 'utf8').catch(() => ''), said)
  }
}

interface JsonReport {
  readonly success: boolean
  readonly numFailedTests: number
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

/**
 * By the report alone: a run that ended at its first failed test has exited with 0 before. A file that could not be loaded has failed
 * without a test that did: that says nothing about the mutant.
 */
function outcomeOf(json: string, said: string): TestOutcome {
  const broken = { kind: 'broken', why: said.trim().slice(-MAX_WHY) } as const
  if (json === '') return broken
  const report: JsonReport = JSON.parse(json)
  if (report.success && report.numFailedTests === 0 && report.numPassedTests > 0) return { kind: 'passed' }
  for (const { name, assertionResults } of report.testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed === undefined) continue
    const why = (failed.failureMessages ?? []).join('\n').slice(0, MAX_WHY)
    return { kind: 'failed', by: path.basename(name), test: failed.fullName, why }
  }
  return broken
}
