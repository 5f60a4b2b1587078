import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { imageNodeFlags } from '#test/harness/node-flags.ts'
import { type RunningProcess, startProcess } from '#test/harness/process.ts'

export interface OperatorProcessOptions {
  /** File path; see TestCluster.operatorKubeconfig. Absent: it looks for one itself, or for the pod that `env` describes. */
  readonly kubeconfig?: string
  /** Its log, appended. */
  readonly logFile: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** false: return as soon as the process exists. Default: wait until it listens. */
  readonly awaitListening?: boolean
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined
}

export interface OperatorProcess extends RunningProcess {
  /** Where probes and metrics are served: `http://127.0.0.1:port`. @throws Error when it never said so */
  url(): Promise<string>
}

const BUNDLE = path.join(import.meta.dirname, '../../dist/tallyman.mjs')

/** The operator as users run it: the bundle, in a process of its own. `make build` makes the bundle. */
export async function startOperator(options: OperatorProcessOptions): Promise<OperatorProcess> {
  const before = (await logLines(options.logFile)).length
  const listening = async () => {
    const lines = (await logLines(options.logFile)).slice(before)
    return lines.flatMap((line) =>
      line.msg === 'listening' && typeof line.url === 'string' ? [line.url] : [],
    )[0]
  }
  const process_ = await startProcess({
    name: 'operator',
    command: process.execPath,
    args: [
      ...imageNodeFlags(),
      BUNDLE,
      'operator',
      ...(options.kubeconfig === undefined ? [] : ['--kubeconfig', options.kubeconfig]),
      '--listen',
      '127.0.0.1:0',
      ...(options.args ?? []),
    ],
    // Compiled code is kept between the many starts of a test run.
    env: { NODE_COMPILE_CACHE: path.join(path.dirname(BUNDLE), 'compile-cache'), ...options.env },
    logFile: options.logFile,
    signal: options.signal,
    ready: async () => options.awaitListening === false || (await listening()) !== undefined,
  })
  return Object.assign(process_, {
    url: async () => {
      const url = await listening()
      if (url === undefined) throw new Error(`the operator does not listen; see ${options.logFile}`)
      return url
    },
  })
}

/** The lines of an operator's log that are JSON objects. */
export async function logLines(file: string): Promise<Readonly<Record<string, unknown>>[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => {
    try {
      const parsed: unknown = JSON.parse(line)
      return typeof parsed === 'object' && parsed !== null ? [Object.fromEntries(Object.entries(parsed))] : []
    } catch {
      // A crash writes plain text, and the last line may be half written.
      return []
    }
  })
}
