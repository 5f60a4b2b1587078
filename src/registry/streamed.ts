import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import type { Place } from './errors.ts'
import { Exchange, type TimeLimit } from './exchange.ts'
import type { HttpHeaders } from './headers.ts'

const PAUSE_ABOVE_BYTES = 256 * 1024
const RESUME_BELOW_BYTES = 64 * 1024

/** An exchange whose body is read chunk by chunk with backpressure: at most some 300 KiB are held. */
export class StreamedExchange extends Exchange {
  readonly #head: (error: TallymanError | undefined) => void
  readonly #done: (error: TallymanError | undefined) => void
  #chunks: Buffer[] = []
  #queued = 0
  #paused = false
  #wake: (() => void) | undefined
  #error: TallymanError | undefined

  /**
   * @param head called when the header is there, or with the error that came before it
   * @param done called once, when the body has been received, has broken off or is no longer wanted
   */
  constructor(
    place: Place,
    limit: TimeLimit,
    clock: Clock,
    head: (error: TallymanError | undefined) => void,
    done: (error: TallymanError | undefined) => void,
  ) {
    super(place, limit, clock)
    this.#head = head
    this.#done = done
  }

  get answerStatus(): number {
    return this.status
  }

  get answerHeaders(): HttpHeaders {
    return this.headers
  }

  /** The body, once. @throws what broke it; REGISTRY_TRUNCATED where it ended early */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        const chunks = this.#chunks
        this.#chunks = []
        for (const chunk of chunks) {
          this.#queued -= chunk.byteLength
          yield chunk
        }
        if (this.#paused && this.#queued < RESUME_BELOW_BYTES) {
          this.#paused = false
          this.controller?.resume()
        }
        if (this.#chunks.length > 0) continue
        if (this.#error !== undefined) throw this.#error
        if (this.settled) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.fail(new TallymanError('CANCELLED', 'The rest of the body is not wanted'))
    }
  }

  protected override started(): void {
    this.#head(undefined)
  }

  protected override data(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#queued += chunk.byteLength
    if (this.#queued > PAUSE_ABOVE_BYTES && !this.#paused) {
      this.#paused = true
      this.controller?.pause()
    }
    this.#awake()
  }

  protected override ended(): void {
    this.#done(undefined)
    this.#awake()
  }

  protected override broken(error: TallymanError): void {
    this.#error = error
    if (this.status === 0) this.#head(error)
    this.#done(error)
    this.#awake()
  }

  protected override waitsForUs(): boolean {
    return this.#paused
  }

  #awake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
