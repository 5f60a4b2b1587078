import type { BlobEvidence } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { Descriptor } from '#registry/descriptor.ts'
import { type LookOptions, lookTwice, PRESENT, sightOf } from '#scan/look.ts'

/**
 * Looks at blobs, each distinct (repository, digest, size) once per run however many images share it. The look asks for
 * the last byte: a HEAD of a registry that caches descriptors answers 200 for a file that is gone
 * (research/registry-protocol.md §0.5).
 */
export class BlobLooks {
  readonly #client: RegistryClient
  readonly #options: LookOptions
  readonly #seen = new Map<string, Promise<BlobEvidence>>()

  constructor(client: RegistryClient, options: LookOptions) {
    this.#client = client
    this.#options = options
  }

  look(repository: string, blob: Descriptor): Promise<BlobEvidence> {
    const key = `${repository}@${blob.digest}:${blob.size}`
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const evidence = this.#look(repository, blob)
    this.#seen.set(key, evidence)
    return evidence
  }

  async #look(repository: string, blob: Descriptor): Promise<BlobEvidence> {
    const { signal } = this.#options
    const look = await lookTwice(
      () => this.#client.probeBlob(repository, blob, { signal, lane: 'check' }),
      this.#options,
    )
    return { digest: blob.digest, sight: 'error' in look ? sightOf(look.error) : PRESENT }
  }
}
