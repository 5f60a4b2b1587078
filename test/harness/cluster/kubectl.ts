import { spawn } from 'node:child_process'
import { stringify } from 'yaml'
import { eventually } from '#test/harness/wait.ts'

export interface KubectlOptions {
  /** What it reads from its standard input (`-f -`). */
  readonly input?: string
  /** Another identity than the administrator's: a kubeconfig file. */
  readonly kubeconfig?: string
  /** Resolve with the exit code instead of throwing. */
  readonly allowFailure?: boolean
}

export interface KubectlResult {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Of an apply: it takes a third of the time of one that works out here what to change. */
const AT_SERVER = ['--server-side', '--force-conflicts']
const LONGEST_CALL_MS = 120_000

/** The real kubectl against one cluster. */
export class Kubectl {
  readonly #program: string
  readonly #kubeconfig: string
  readonly #cacheDir: string

  /** @param cacheDir for discovery: a shared one would hold answers of an earlier cluster on the same port */
  constructor(program: string, kubeconfig: string, cacheDir: string) {
    this.#program = program
    this.#kubeconfig = kubeconfig
    this.#cacheDir = cacheDir
  }

  /** @throws Error with the command and its standard error when it fails, unless `allowFailure` */
  async run(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const where = ['--kubeconfig', options.kubeconfig ?? this.#kubeconfig, '--cache-dir', this.#cacheDir]
    const result = await execute(this.#program, [...where, ...args], options.input ?? '')
    if (result.code !== 0 && options.allowFailure !== true) {
      throw new Error(`kubectl ${args.join(' ')}: exit code ${result.code}\n${result.stderr.trim()}`)
    }
    return result
  }

  /**
   * `kubectl apply --server-side`. Pods of a namespace that was made a moment ago are refused until its controller has added the
   * default ServiceAccount: that one refusal is waited out, as a Deployment would.
   */
  async apply(yamlOrObjects: string | readonly object[]): Promise<void> {
    const input =
      typeof yamlOrObjects === 'string'
        ? yamlOrObjects
        : stringify(
            { apiVersion: 'v1', kind: 'List', items: yamlOrObjects },
            { aliasDuplicateObjects: false },
          )
    const result = await eventually(
      async () => {
        const tried = await this.run(['apply', ...AT_SERVER, '-f', '-'], { input, allowFailure: true })
        return /serviceaccount "default" not found/.test(tried.stderr) ? undefined : tried
      },
      { message: 'the default ServiceAccount', intervalMs: 100 },
    )
    if (result.code !== 0) throw new Error(`kubectl apply: ${result.stderr.trim()}`)
  }
}

function execute(program: string, args: readonly string[], input: string): Promise<KubectlResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: LONGEST_CALL_MS })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // A kubectl that has failed already reads no input: its exit code says more than EPIPE.
    child.stdin.on('error', (error) => stderr.push(Buffer.from(`stdin: ${error.message}\n`)))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const ended = signal === null ? '' : `ended by ${signal} (at most ${LONGEST_CALL_MS} ms)\n`
      resolve({
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8') + ended,
        code: code ?? 1,
      })
    })
    child.stdin.end(input)
  })
}
