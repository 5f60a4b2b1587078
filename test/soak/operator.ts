import { hasCode } from '#catalogue/error.ts'
import { LedgerNames } from '#clusters/ledger-names.ts'
import type { KubeObject } from '#kube/objects.ts'
import { CONFIG_MAPS, SECRETS } from '#kube/resource.ts'
import { OPERATOR_NAMESPACE } from '#test/harness/cluster/operator-identity.ts'
import type { Journal } from './journal.ts'
import { machineTime } from './machine-time.ts'
import type { Order, Sight } from './messages.ts'
import type { Oracle } from './oracle.ts'
import { pause } from './pause.ts'
import { INVENTORY_NAMESPACE, newKubeconfig, type Site } from './site.ts'
import { inventorySpec, SECRET } from './spec.ts'
import { WatcherProcess } from './watcher-process.ts'
import type { Writable } from './writable.ts'

const INVENTORY = 'soak'
const RETRY_MS = 300

export interface OperatorOptions {
  /** The cluster that it runs in, and the other one. */
  readonly home: Site
  readonly edge: Site
  readonly oracle: Oracle
  readonly writable: Writable
  readonly journal: Journal
  readonly logFile: string
  readonly onSight: (sight: Sight) => void
}

/** The operator, one process after the other, and what a human does with its ImageInventory, its Secret and its ledger. */
export class Operator {
  readonly #options: OperatorOptions
  #process: WatcherProcess | undefined
  #tokens: Readonly<Record<string, string>> = {}
  /** Ends the time during which the ledger was not read yet. */
  #untilLoaded: ((now: number) => void) | undefined
  #last: Sight | undefined
  /** Parts of the ledger that were deleted, and not seen again since. */
  #missing: readonly string[] = []

  constructor(options: OperatorOptions) {
    this.#options = options
  }

  /** The last snapshot. */
  get last(): Sight | undefined {
    return this.#last
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Begins with a new process. @param hurry how many times shorter its pauses are */
  async start(hurry: number): Promise<void> {
    const { home, writable, logFile } = this.#options
    this.#untilLoaded ??= writable.disturb(machineTime())
    const process = new WatcherProcess(logFile, (sight) => this.#saw(sight))
    this.#process = process
    await process.begin({
      ...{ kind: 'begin', kubeconfig: home.link.operatorKubeconfig, hurry, spec: this.#spec() },
      ...{ namespace: INVENTORY_NAMESPACE, name: INVENTORY },
    })
  }

  /** SIGKILL at this moment. */
  async kill(): Promise<void> {
    await this.#process?.kill()
    await this.#ended()
  }

  /** Resolves when the process has ended, whoever ended it. */
  async ended(): Promise<void> {
    await this.#process?.ended
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
    await this.#ended()
  }

  async order(order: Order): Promise<void> {
    await this.#process?.order(order)
  }

  /** The lease is somebody else's for a while. */
  async standBy(ms: number, signal: AbortSignal): Promise<void> {
    this.#untilLoaded ??= this.#options.writable.disturb(machineTime())
    await this.order({ kind: 'stand by' })
    await pause(ms, signal)
    await this.order({ kind: 'lead' })
  }

  /** The ImageInventory is deleted, and applied again. */
  async applyAgain(ms: number, signal: AbortSignal): Promise<void> {
    const { writable, oracle } = this.#options
    await this.order({ kind: 'remove' })
    oracle.ended(machineTime(), await this.#isLedgerTorn())
    this.#untilLoaded ??= writable.disturb(machineTime())
    await pause(ms, signal)
    await this.apply()
  }

  /** A human accepts what the status asks for. */
  async accept(): Promise<void> {
    await this.order({ kind: 'apply', spec: this.#spec(this.#tokens) })
  }

  async apply(): Promise<void> {
    await this.order({ kind: 'apply', spec: this.#spec() })
  }

  /** Makes the Secret say how `to` is reached, with a token of its own. */
  async writeSecret(to: Site, signal: AbortSignal): Promise<void> {
    const kubeconfig = await untilAnswered(() => newKubeconfig(to), signal)
    const { home } = this.#options
    const secret: KubeObject & { stringData: object } = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRET, namespace: INVENTORY_NAMESPACE },
      stringData: { kubeconfig },
    }
    await untilAnswered(async () => {
      await this.deleteSecret(signal)
      await home.link.client.create(SECRETS, secret)
    }, signal)
  }

  async deleteSecret(signal: AbortSignal): Promise<void> {
    const { home } = this.#options
    const key = { name: SECRET, namespace: INVENTORY_NAMESPACE }
    await untilAnswered(() => ignoringAbsence(home.link.client.delete(SECRETS, key)), signal)
  }

  /**
   * Deletes parts of the ledger, and gives the operator the time to notice.
   * @param choose which of them, by name
   */
  async deleteLedger(
    choose: (names: readonly string[]) => readonly string[],
    ms: number,
    signal: AbortSignal,
  ): Promise<string> {
    const { home, oracle, writable } = this.#options
    const chosen = choose(await untilAnswered(() => this.#ledger(), signal))
    const settle = writable.disturb(machineTime())
    oracle.ledgerDeleted()
    this.#missing = chosen
    for (const name of chosen) {
      const key = { namespace: OPERATOR_NAMESPACE, name }
      await untilAnswered(() => ignoringAbsence(home.link.client.delete(CONFIG_MAPS, key)), signal)
    }
    await pause(ms, signal)
    if (!(await this.#isLedgerTorn())) {
      oracle.ledgerIsWhole()
      this.#missing = []
    }
    settle(machineTime())
    return `${chosen.length} parts`
  }

  async #ended(): Promise<void> {
    const { oracle } = this.#options
    const now = machineTime()
    this.#untilLoaded ??= this.#options.writable.disturb(now)
    oracle.ended(now, await this.#isLedgerTorn())
    this.#missing = []
  }

  /** Whether parts that somebody deleted are not there. false: they are, or nobody can say. */
  async #isLedgerTorn(): Promise<boolean> {
    if (this.#missing.length === 0) return false
    try {
      const present = await this.#ledger()
      return this.#missing.some((name) => !present.includes(name))
    } catch {
      return false
    }
  }

  async #ledger(): Promise<string[]> {
    const { head } = new LedgerNames(`${INVENTORY_NAMESPACE}/${INVENTORY}`)
    const { client } = this.#options.home.link
    const names: string[] = []
    for await (const { metadata } of client.list<KubeObject>(CONFIG_MAPS, {
      namespace: OPERATOR_NAMESPACE,
    })) {
      if (metadata.name.startsWith(head)) names.push(metadata.name)
    }
    return names
  }

  #saw(sight: Sight): void {
    this.#last = sight
    this.#tokens = sight.tokens
    if (sight.loaded) {
      this.#untilLoaded?.(machineTime())
      this.#untilLoaded = undefined
    }
    this.#options.onSight(sight)
  }

  #spec(tokens: Readonly<Record<string, string>> = {}): object {
    const { home, edge } = this.#options
    return inventorySpec(home.name, edge.name, tokens)
  }
}

async function untilAnswered<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (signal.aborted) throw error
      await pause(RETRY_MS, signal)
    }
  }
}

async function ignoringAbsence(deleted: Promise<void>): Promise<void> {
  try {
    await deleted
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  }
}
