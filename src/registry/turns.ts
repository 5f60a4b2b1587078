/** One after the other, in the order in which they came, for each key; what has different keys goes on side by side. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const turn = before === undefined ? work() : before.then(work, work)
    const forget = () => {
      if (this.#last.get(key) === done) this.#last.delete(key)
    }
    const done: Promise<void> = turn.then(forget, forget)
    this.#last.set(key, done)
    return turn
  }

  /** Resolves when all that has been given so far has settled. */
  async rest(): Promise<void> {
    await Promise.all(this.#last.values())
  }
}
