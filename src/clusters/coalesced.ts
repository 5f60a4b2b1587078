import { asTallymanError } from '#catalogue/error.ts'
import type { Log } from '#kube/log.ts'

/** Listeners that hear of any number of changes in one turn of the event loop once, after it. */
export class Coalesced {
  readonly #log: Log
  readonly #listeners = new Set<() => void>()
  #pending: NodeJS.Immediate | undefined
  #stopped = false

  constructor(log: Log) {
    this.#log = log
  }

  /** The returned function takes the listener out again. */
  add(listener: () => void): () => void {
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Resolves when listeners hear of a change next, or when the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        remove()
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const remove = this.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  notify(): void {
    if (this.#stopped) return
    this.#pending ??= setImmediate(() => {
      this.#pending = undefined
      for (const listener of [...this.#listeners]) this.#call(listener)
    })
  }

  /** Nobody is told anything any more, nor what was not told yet. */
  stop(): void {
    this.#stopped = true
    clearImmediate(this.#pending)
  }

  /** A defect in one listener must not keep the change from the others. */
  #call(listener: () => void): void {
    try {
      listener()
    } catch (thrown) {
      this.#log.error({ err: asTallymanError(thrown) }, 'a listener of the inventory failed')
    }
  }
}
