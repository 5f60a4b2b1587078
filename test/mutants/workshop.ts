import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PlacedMutant } from './all.ts'
import { mutate } from './mutate.ts'

/** What the tests of a mutant run in, copied once. */
const COPIED = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']
const MAX_OUTPUT = 256 * 1024

/** How a set of tests ended. */
export type TestOutcome =
  | { readonly kind: 'passed' }
  /** @property by the first test file that failed */
  | { readonly kind: 'failed'; readonly by: string }
  /** It ran for longer than it may: what hangs is noticed as well. */
  | { readonly kind: 'hung' }
  /** The tests could not even be run. */
  | { readonly kind: 'broken'; readonly why: string }

export interface TestSet {
  readonly files: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly limitMs: number
}

/** A copy of the code that may be damaged. */
export class Workshop {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(root: string): Promise<Workshop> {
    const folder = await mkdtemp(path.join(tmpdir(), 'tallyman-mutants-'))
    for (const name of COPIED) await cp(path.join(root, name), path.join(folder, name), { recursive: true })
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    return new Workshop(folder)
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
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
    const report = path.join(this.#folder, 'report.json')
    await rm(report, { force: true })
    const args = [
      path.join(this.#folder, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--bail=1', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`, ...files],
    ]
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
      killSignal: 'SIGKILL',
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < MAX_OUTPUT) said += chunk.toString('utf8')
    })
    const code = await new Promise<number | null>((resolve) => {
      // Told for an abort as well, and 'close' follows.
      child.once('error', () => undefined)
      child.once('close', resolve)
    })
    signal.throwIfAborted()
    if (code === null) return { kind: 'hung' }
    if (code === 0) return { kind: 'passed' }
    return outcomeOf(await readFile(report, 'utf8').catch(() => ''), said)
  }
}

interface JsonReport {
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A file that could not be loaded has failed without a test that did: that says nothing about the mutant. */
function outcomeOf(json: string, said: string): TestOutcome {
  if (json === '') return { kind: 'broken', why: said.trim().slice(-2_000) }
  const report: JsonReport = JSON.parse(json)
  const failed = report.testResults.find(({ assertionResults }) =>
    assertionResults.some(({ status }) => status === 'failed'),
  )
  if (report.numFailedTests === 0 || failed === undefined)
    return { kind: 'broken', why: said.trim().slice(-2_000) }
  return { kind: 'failed', by: path.basename(failed.name) }
}
