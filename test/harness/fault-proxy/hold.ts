import { orAborted } from './aborting.ts'
import { matcher, type RequestMatch } from './match.ts'
import type { RecordedRequest } from './record.ts'

/** Keeps the first request that matches from being forwarded until it is released. */
export interface Hold {
  /** Resolves when the request has arrived and stands still. */
  readonly arrived: Promise<RecordedRequest>
  /** Lets the request go on; before it arrived: lets every request pass. */
  release(): void
}

export class RequestHold implements Hold {
  readonly arrived: Promise<RecordedRequest>
  readonly #matches: (request: RecordedRequest) => boolean
  readonly #arrival = Promise.withResolvers<RecordedRequest>()
  readonly #released = Promise.withResolvers<void>()
  #spent = false

  constructor(match?: RequestMatch) {
    this.#matches = matcher(match)
    this.arrived = this.#arrival.promise
  }

  release(): void {
    this.#spent = true
    this.#released.resolve()
  }

  /** Undefined where the request may pass; otherwise resolves when it is released. */
  catch(request: RecordedRequest, signal: AbortSignal): Promise<void> | undefined {
    if (this.#spent || !this.#matches(request)) return undefined
    this.#spent = true
    this.#arrival.resolve(request)
    return orAborted(this.#released.promise, signal)
  }
}
