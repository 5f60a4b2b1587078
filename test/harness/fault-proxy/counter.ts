import { matcher, type RequestMatch } from './match.ts'
import type { RecordedRequest } from './record.ts'

/** Counts the requests of one kind from the moment it is made; unlike the ring it forgets none. */
export interface RequestCounter {
  readonly count: number
  /** Resolves as soon as `count` is at least `n`; rejects with the signal's reason when it aborts first. */
  reached(n: number, signal?: AbortSignal): Promise<void>
}

export class CountingMatcher implements RequestCounter {
  readonly #matches: (request: RecordedRequest) => boolean
  readonly #waiting = new Set<() => void>()
  #count = 0

  constructor(match?: RequestMatch) {
    this.#matches = matcher(match)
  }

  get count(): number {
    return this.#count
  }

  see(request: RecordedRequest): void {
    if (!this.#matches(request)) return
    this.#count += 1
    for (const check of [...this.#waiting]) check()
  }

  reached(n: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#waiting.delete(check)
        signal?.removeEventListener('abort', onAbort)
      }
      const check = () => {
        if (this.#count < n) return
        settle()
        resolve()
      }
      const onAbort = () => {
        settle()
        reject(signal?.reason)
      }
      if (signal?.aborted) return reject(signal.reason)
      this.#waiting.add(check)
      signal?.addEventListener('abort', onAbort, { once: true })
      check()
    })
  }
}
