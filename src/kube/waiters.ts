import { TallymanError } from '#catalogue/error.ts'

/** Those who wait until something holds. */
export class Waiters {
  readonly #what: string
  readonly #waiting = new Set<() => void>()
  #stopped = false

  /** @param what they wait for, for the error */
  constructor(what: string) {
    this.#what = what
  }

  get areThere(): boolean {
    return this.#waiting.size > 0
  }

  /** Resolves as soon as `holds`, which is asked now and at each `wake`. @throws CANCELLED when the signal aborts, or on stop */
  async until(holds: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    while (!holds()) {
      if (signal?.aborted || this.#stopped) {
        throw new TallymanError('CANCELLED', `Nothing waits any more for ${this.#what}`)
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        signal?.addEventListener('abort', wake, { once: true })
      })
    }
  }

  /** What they wait for may hold now. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** From now on nobody waits. */
  stop(): void {
    this.#stopped = true
    this.wake()
  }
}
