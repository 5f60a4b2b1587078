import type { Clock } from '#time/clock.ts'

/** Who has not asked for so long does not wait any more. */
const PATIENCE_MS = 60_000

/** Whose turn it is to be worked on: so many at once, and who has waited longest first. Nobody is held up: who has to wait asks again. */
export class WorkTurns {
  readonly #atOnce: number
  readonly #clock: Pick<Clock, 'monotonic'>
  #working = 0
  /** When each asked last, in the order in which they asked first. */
  readonly #waiting = new Map<string, number>()

  constructor(atOnce: number, clock: Pick<Clock, 'monotonic'>) {
    this.#atOnce = atOnce
    this.#clock = clock
  }

  /** @returns what ends the turn; undefined: it is not its turn yet */
  take(key: string): (() => void) | undefined {
    const now = this.#clock.monotonic()
    for (const [each, at] of this.#waiting) if (now - at > PATIENCE_MS) this.#waiting.delete(each)
    const waiting = [...this.#waiting.keys()]
    const ahead = waiting.includes(key) ? waiting.indexOf(key) : waiting.length
    if (this.#working + ahead >= this.#atOnce) {
      this.#waiting.set(key, now)
      return undefined
    }
    this.#waiting.delete(key)
    this.#working += 1
    return () => {
      this.#working -= 1
    }
  }
}
