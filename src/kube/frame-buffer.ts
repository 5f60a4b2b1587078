import { TallymanError } from '#catalogue/error.ts'
import { MAX_FRAME_BYTES } from './codec.ts'

const INITIAL_BYTES = 16 * 1024

/** Holds the beginning of a frame until its rest arrives. Its memory is used again for the next. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What has been appended; valid until the next append. */
  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** @throws KUBE_TOO_LARGE */
  append(chunk: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start
    if (length > MAX_FRAME_BYTES) {
      throw new TallymanError('KUBE_TOO_LARGE', `One event of a watch has more than ${MAX_FRAME_BYTES} bytes`)
    }
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#bytes.set(chunk.subarray(start, end), this.#length)
    this.#length = length
  }

  clear(): void {
    this.#length = 0
    // One huge object must not cost its size for ever.
    if (this.#bytes.length > INITIAL_BYTES * 64) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  }
}
