import type { RegistryClient } from '#registry/client.ts'
import type { NamedBlob } from '#scan/manifest-facts.ts'
import type { Clock } from '#time/clock.ts'

/** Blobs read side by side: enough to fill a link, few enough to leave the registry to those who pull. */
const MOST_STREAMS = 4

export interface ContentReaderOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Requests that the registry takes at once. */
  readonly concurrency: number
  /** Of all blobs together. */
  readonly bytesPerSecond: number
  /** When no further blob is begun, monotonic ms: what is due then is due in the next lap. */
  readonly until: number
}

/** Reads blobs to their last byte and hashes them, slowly: it is the registry's own users that need its bandwidth. */
export class ContentReader {
  readonly #client: RegistryClient
  readonly #options: ContentReaderOptions
  readonly #streams: number
  readonly #waiting: (() => void)[] = []
  #running = 0
  /** When what was read so far is paid for, monotonic ms. */
  #paidAt = Number.NEGATIVE_INFINITY

  constructor(client: RegistryClient, options: ContentReaderOptions) {
    this.#client = client
    this.#options = options
    // A stream that is paid for slowly keeps its slot: what else is looked at must not wait for it.
    this.#streams = Math.max(1, Math.min(MOST_STREAMS, Math.floor(options.concurrency / 2)))
  }

  get hasTime(): boolean {
    return this.#options.clock.monotonic() < this.#options.until
  }

  /** @throws TallymanError as RegistryClient.readBlob does; CANCELLED */
  async read(repository: string, blob: NamedBlob): Promise<void> {
    await this.#enter()
    try {
      const { signal } = this.#options
      for await (const chunk of this.#client.readBlob(repository, blob, { signal, lane: 'check' })) {
        await this.#pay(chunk.byteLength)
      }
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#streams) {
      this.#running += 1
      return
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The place goes to the next that waits. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }

  async #pay(bytes: number): Promise<void> {
    const { clock, signal, bytesPerSecond } = this.#options
    const now = clock.monotonic()
    this.#paidAt = Math.max(now, this.#paidAt) + (bytes / bytesPerSecond) * 1000
    if (this.#paidAt > now) await clock.sleep(this.#paidAt - now, signal)
  }
}
