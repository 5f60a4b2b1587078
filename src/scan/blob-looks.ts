import type { BlobEvidence } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { ContentReader } from '#scan/content-reader.ts'
import { type LookOptions, lookTwice, PRESENT, sightOf } from '#scan/look.ts'
import type { NamedBlob } from '#scan/manifest-facts.ts'
import type { LapProofs } from '#scan/proof-memory.ts'

export interface BlobLookOptions extends LookOptions {
  readonly proofs: LapProofs
  /** Reads and hashes what is due; absent: no content is read (depth Blobs). */
  readonly content?: ContentReader | undefined
}

/**
 * Looks at blobs, each distinct (repository, digest, size) once per run however many images share it. The look asks for
 * the last byte: a HEAD of a registry that caches descriptors answers 200 for a file that is gone
 * (research/registry-protocol.md §0.5).
 */
export class BlobLooks {
  readonly #client: RegistryClient
  readonly #options: BlobLookOptions
  readonly #seen = new Map<string, Promise<BlobEvidence>>()

  constructor(client: RegistryClient, options: BlobLookOptions) {
    this.#client = client
    this.#options = options
  }

  /** @param trusts false: what an earlier lap proved does not count */
  look(repository: string, blob: NamedBlob, trusts: boolean): Promise<BlobEvidence> {
    const key = `${repository}@${blob.digest}:${blob.size}`
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const evidence = this.#look(repository, blob, trusts)
    this.#seen.set(key, evidence)
    return evidence
  }

  async #look(repository: string, blob: NamedBlob, trusts: boolean): Promise<BlobEvidence> {
    const { proofs, content } = this.#options
    // Wrong bytes are found by reading alone: what was found damaged is read again in every lap.
    const reads = content?.hasTime === true && (!trusts || proofs.isContentDue(repository, blob))
    if (!reads && trusts && proofs.hasBlob(repository, blob)) return { digest: blob.digest, sight: PRESENT }
    const look = await lookTwice(() => this.#prove(repository, blob, reads), this.#options)
    if ('error' in look) return { digest: blob.digest, sight: sightOf(look.error) }
    proofs.blobProven(repository, blob, reads)
    return { digest: blob.digest, sight: PRESENT }
  }

  #prove(repository: string, blob: NamedBlob, reads: boolean): Promise<void> {
    const { signal, content } = this.#options
    if (reads && content !== undefined) return content.read(repository, blob)
    return this.#client.probeBlob(repository, blob, { signal, lane: 'check' })
  }
}
