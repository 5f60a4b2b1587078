import { SequencePool } from '#inventory/sequence-pool.ts'

const INITIAL_SCRATCH = 1024
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const BYTES_PER_UNIT = 3

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reference-counted, interned strings as UTF-8 outside the JavaScript heap: about 20 bytes on top of the text, where
 * a string in a Map takes about 60. Kubernetes' strings are UTF-8; a lone surrogate would read back as U+FFFD.
 */
export class StringPool {
  readonly #pool = new SequencePool((length) => new Uint8Array(length))
  #scratch = new Uint8Array(INITIAL_SCRATCH)

  /** Distinct strings held. */
  get size(): number {
    return this.#pool.size
  }

  /** Ids lie below it; `isHeld` tells which are free. */
  get idEnd(): number {
    return this.#pool.idEnd
  }

  isHeld(id: number): boolean {
    return this.#pool.count(id) > 0
  }

  /** Whether the next `release` lets it go. */
  isLast(id: number): boolean {
    return this.#pool.count(id) === 1
  }

  /** Bytes of all strings held. */
  get bytes(): number {
    return this.#pool.liveElements
  }

  /** The id of `text`, counted once more. */
  acquire(text: string): number {
    return this.#pool.acquire(this.#scratch, this.#encode(text))
  }

  /** Gives one count back. True: that was the last. */
  release(id: number): boolean {
    return this.#pool.release(id)
  }

  find(text: string): number | undefined {
    return this.#pool.find(this.#scratch, this.#encode(text))
  }

  text(id: number): string {
    return decoder.decode(this.#pool.view(id))
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.#pool.trim()
  }

  #encode(text: string): number {
    if (text.length * BYTES_PER_UNIT > this.#scratch.length) {
      this.#scratch = new Uint8Array(text.length * BYTES_PER_UNIT)
    }
    return encoder.encodeInto(text, this.#scratch).written
  }
}
