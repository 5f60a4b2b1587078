import { SequencePool } from '#inventory/sequence-pool.ts'

const SHA256 = /^sha256:[0-9a-f]{64}$/
const SHA256_PREFIX = 'sha256:'
/** No digest of another algorithm is as short when written out, so the length tells the two encodings apart. */
const SHA256_BYTES = 32

/** Reference-counted, interned digests: sha256 in 32 bytes, any other text as it is. */
export class DigestPool {
  readonly #pool = new SequencePool((length) => new Uint8Array(length))

  /** Distinct digests held. */
  get size(): number {
    return this.#pool.size
  }

  /** The id of `digest`, counted once more. */
  acquire(digest: string): number {
    const bytes = encode(digest)
    return this.#pool.acquire(bytes, bytes.length)
  }

  /** The id of a digest that is held. */
  find(digest: string): number | undefined {
    const bytes = encode(digest)
    return this.#pool.find(bytes, bytes.length)
  }

  /** Gives one count back. */
  release(id: number): void {
    this.#pool.release(id)
  }

  text(id: number): string {
    const bytes = Buffer.from(this.#pool.view(id))
    return bytes.length === SHA256_BYTES ? SHA256_PREFIX + bytes.toString('hex') : bytes.toString()
  }

  /** Gives back what growing reserved ahead of need. */
  trim(): void {
    this.#pool.trim()
  }
}

function encode(digest: string): Uint8Array<ArrayBuffer> {
  return SHA256.test(digest) ? Buffer.from(digest.slice(SHA256_PREFIX.length), 'hex') : Buffer.from(digest)
}
