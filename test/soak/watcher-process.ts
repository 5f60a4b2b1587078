import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { forgetProcess, watchProcess } from '#test/harness/watchdog.ts'
import type { Beginning, Message, Order, Sight } from './messages.ts'

const PROGRAM = path.join(import.meta.dirname, 'watcher.ts')

/** A watcher that runs, and leads. */
export class WatcherProcess {
  readonly #child: ChildProcess
  readonly #pid: number
  readonly #waiting: (() => void)[] = []
  /** Resolves when it has ended and everything that it said was heard. */
  readonly ended: Promise<void>
  #isEnded = false

  /** @param logFile what it writes is appended */
  constructor(logFile: string, onSight: (sight: Sight) => void) {
    const log = openSync(logFile, 'a')
    this.#child = fork(PROGRAM, [], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    closeSync(log)
    if (this.#child.pid === undefined) throw new Error('the watcher did not start')
    this.#pid = this.#child.pid
    watchProcess(this.#pid)
    this.#child.on('message', (message: Message) => {
      if (message.kind === 'sight') onSight(message)
      else this.#waiting.shift()?.()
    })
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    const silent = new Promise<void>((resolve) => this.#child.once('disconnect', resolve))
    this.ended = Promise.all([exited, silent]).then(() => {
      this.#isEnded = true
      forgetProcess(this.#pid)
      for (const resolve of this.#waiting.splice(0)) resolve()
    })
  }

  get pid(): number {
    return this.#pid
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  async begin(beginning: Beginning): Promise<void> {
    await this.order(beginning)
    await this.order({ kind: 'lead' })
  }

  /** Resolves when it was carried out, or the process has ended. */
  order(order: Order): Promise<void> {
    if (this.#isEnded || !this.#child.connected) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#child.send(order, (error) => {
        // It has ended meanwhile, which everybody who waits is told.
        if (error !== null) resolve()
      })
    })
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** As SIGTERM ends the operator: what is not written yet is written, where that can be done. */
  async stop(): Promise<void> {
    await this.order({ kind: 'stop' })
    await this.ended
  }
}
