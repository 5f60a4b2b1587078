import { createHash, hash } from 'node:crypto'

/** OCI descriptors, "Digests": the two registered algorithms with their lengths in hex. */
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/

export type DigestAlgorithm = 'sha256' | 'sha512'

/** True for a digest of an algorithm that we can verify. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text)
}

/** The algorithm of a valid digest. */
export function algorithmOf(digest: string): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`
}

/** A digest that is computed as the bytes pass. */
export class DigestStream {
  readonly #algorithm: DigestAlgorithm
  readonly #hash: ReturnType<typeof createHash>

  constructor(algorithm: DigestAlgorithm) {
    this.#algorithm = algorithm
    this.#hash = createHash(algorithm)
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk)
  }

  /** May be called once. */
  end(): string {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`
  }
}
