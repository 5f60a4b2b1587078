/** Work that must rest while a garbage collection runs: a registry may not be written to meanwhile. */
export class Yard {
  readonly #working = new Set<Promise<unknown>>()
  #still: Promise<unknown> | undefined

  /** Waits as long as everything rests, and then works. */
  async work(step: () => Promise<void>): Promise<void> {
    while (this.#still !== undefined) await this.#still
    const working = step().finally(() => this.#working.delete(working))
    this.#working.add(working)
    await working
  }

  /** Waits for what is under way; nothing else begins until `task` has ended. */
  async rest(task: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#still = promise
    try {
      await Promise.allSettled(this.#working)
      await task()
    } finally {
      this.#still = undefined
      resolve()
    }
  }
}
