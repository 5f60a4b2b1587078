import path from 'node:path'
import type { TestCluster } from '#test/harness/cluster.ts'
import { logLines, type OperatorProcess, startOperator } from '#test/harness/operator.ts'
import { pause } from '../pause.ts'

const ARGS = [
  ...['--lease-duration', '3s', '--renew-deadline', '1500ms', '--retry-period', '300ms'],
  ...['--claim-interval', '1500ms'],
]
const GRACE_MS = 60_000

/** Two processes of the built program, of which one leads. */
export class Operators {
  readonly #cluster: TestCluster
  readonly #kubeconfig: string
  readonly #running = new Set<OperatorProcess>()
  #started = 0

  constructor(cluster: TestCluster, kubeconfig: string) {
    this.#cluster = cluster
    this.#kubeconfig = kubeconfig
  }

  /** Starts those of the two that do not run. */
  async start(): Promise<void> {
    for (const operator of this.#running) if (!operator.running) this.#running.delete(operator)
    while (this.#running.size < 2) {
      this.#started += 1
      const logFile = path.join(this.#cluster.stateDir, `operator-${this.#started}.log`)
      const options = { kubeconfig: this.#kubeconfig, logFile, args: ARGS, awaitListening: false }
      this.#running.add(await startOperator(options))
    }
  }

  /** The one that leads by what it says itself; undefined: none does now. */
  async leader(): Promise<OperatorProcess | undefined> {
    for (const operator of this.#running) {
      const said = (await logLines(operator.logFile)).flatMap(({ msg }) =>
        msg === 'leading' || msg === 'standing by' ? [msg] : [],
      )
      if (operator.running && said.at(-1) === 'leading') return operator
    }
    return undefined
  }

  /** As a rollout ends it: what is under way is waited for. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((operator) => operator.stop(GRACE_MS)))
    this.#running.clear()
  }

  /** Stops the one that leads for so long, and lets it go on. */
  async freeze(ms: number, signal: AbortSignal): Promise<boolean> {
    const leader = await this.leader()
    leader?.signal('SIGSTOP')
    await pause(ms, signal)
    leader?.signal('SIGCONT')
    return leader !== undefined
  }
}
