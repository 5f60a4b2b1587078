import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { type Place, safeUrl, urlOf } from './errors.ts'
import { Exchange, type TimeLimit } from './exchange.ts'
import type { HttpHeaders } from './headers.ts'
import { contentLength, header } from './headers.ts'

const EMPTY = new Uint8Array(0)
/** An error page is read so far and no further. */
export const ERROR_BODY_BYTES = 64 * 1024

export interface Answer {
  readonly status: number
  readonly headers: HttpHeaders
  readonly body: Uint8Array
}

/**
 * An exchange whose answer is kept whole, up to a limit. The hot path of the product: an answer that comes in one chunk
 * is handed on as that chunk, without a copy.
 */
export class BufferedExchange extends Exchange {
  readonly #maxBytes: number
  readonly #done: (error: TallymanError | undefined, answer: Answer | undefined) => void
  #first: Uint8Array = EMPTY
  #more: Uint8Array[] | undefined
  #size = 0

  /** @param done called once, with an error or an answer */
  constructor(
    place: Place,
    limit: TimeLimit,
    clock: Clock,
    maxBytes: number,
    done: (error: TallymanError | undefined, answer: Answer | undefined) => void,
  ) {
    super(place, limit, clock)
    this.#maxBytes = maxBytes
    this.#done = done
  }

  protected override started(): void {
    if (this.status >= 300 || this.place.method === 'HEAD') return
    const promised = contentLength(this.headers)
    if (promised !== undefined && promised > this.#maxBytes) this.fail(this.#tooLarge())
  }

  protected override data(chunk: Buffer): void {
    const size = this.#size + chunk.byteLength
    if (this.status >= 300 && size > ERROR_BODY_BYTES) {
      this.fail(new TallymanError('REGISTRY_TRUNCATED', 'The error page is longer than 64 KiB'))
      return
    }
    if (this.status < 300 && size > this.#maxBytes) {
      this.fail(this.#tooLarge())
      return
    }
    if (this.#more !== undefined) this.#more.push(chunk)
    else if (this.#size === 0) this.#first = chunk
    else this.#more = [this.#first, chunk]
    this.#size = size
  }

  protected override ended(): void {
    this.#done(undefined, this.#answer())
  }

  protected override broken(error: TallymanError): void {
    // The status of an error says enough: docker-registry 2.8 promises the whole blob in a 416 and closes.
    if (this.status >= 300 && error.code === 'REGISTRY_TRUNCATED') this.#done(undefined, this.#answer())
    else this.#done(error, undefined)
  }

  #answer(): Answer {
    const body = this.#more === undefined ? this.#first : Buffer.concat(this.#more, this.#size)
    return { status: this.status, headers: this.headers, body }
  }

  #tooLarge(): TallymanError {
    const where = `${this.place.method} ${safeUrl(urlOf(this.place))}`
    const details = { limit: this.#maxBytes, promised: contentLength(this.headers) }
    if (header(this.headers, 'content-type')?.toLowerCase().startsWith('text/html')) {
      return new TallymanError('REGISTRY_NOT_A_REGISTRY', `${where}: a large web page was sent`, { details })
    }
    const why = `the answer is larger than ${this.#maxBytes} bytes`
    return new TallymanError('REGISTRY_TOO_LARGE', `${where}: ${why}`, { details })
  }
}
