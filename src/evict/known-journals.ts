import type { Chunk } from './journal-artifact.ts'

/** How far a journal has come. */
interface Extent {
  /** Of the manifest. */
  readonly digest: string
  readonly chunks: number
  /** Digest of the last chunk: each has its own, by the ids and times in it. */
  readonly last: string
}

/** Of so many journals; of the others it is forgotten. Some 300 bytes each. */
const MOST = 20_000

/**
 * How far journals had come when this process wrote or read them. Lines are only added: what a registry shows of a journal later begins with all of that, or it is an older state, or none,
 * by a disk that is not there, a replica that is behind or a backup (S34). One for each process.
 */
export class KnownJournals {
  readonly #extents = new Map<string, Extent>()

  /** @returns the digest of the journal that was there, where `chunks` do not begin with all that it had; undefined: nothing is missing */
  missing(place: string, chunks: readonly Chunk[]): string | undefined {
    const known = this.#extents.get(place)
    return known === undefined || chunks[known.chunks - 1]?.digest === known.last ? undefined : known.digest
  }

  /** It is there with these chunks. An empty one is nothing to miss. */
  saw(place: string, digest: string | undefined, chunks: readonly Chunk[]): void {
    const last = chunks.at(-1)
    if (digest === undefined || last === undefined) return
    this.#extents.delete(place)
    this.#extents.set(place, { digest, chunks: chunks.length, last: last.digest })
    const [oldest] = this.#extents.keys()
    if (this.#extents.size > MOST && oldest !== undefined) this.#extents.delete(oldest)
  }

  /** It was deleted. */
  forget(place: string): void {
    this.#extents.delete(place)
  }
}
