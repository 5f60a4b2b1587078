import type { Clock } from '#time/clock.ts'

/** What one waits for and others ring. A ring that nobody waited for is not lost. */
export class Bell {
  readonly #clock: Clock
  #rung = false
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Resolves when it was rung since the last wait, after `ms` (Infinity: never), or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = Number.isFinite(ms) ? this.#clock.schedule(ms, () => done()) : undefined
        const done = () => {
          cancel?.()
          signal.removeEventListener('abort', done)
          resolve()
        }
        this.#wake = done
        signal.addEventListener('abort', done, { once: true })
      })
      this.#wake = undefined
    }
    this.#rung = false
  }
}
