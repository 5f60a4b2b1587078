import type { ManifestEvidence } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { type LookOptions, lookTwice, PRESENT, sightOf } from '#scan/look.ts'

export interface HeadLookOptions extends LookOptions {
  /** true: a manifest that a HEAD does not tell enough about is `unsupported`; never a GET. */
  readonly headOnly: boolean
}

/**
 * Looks at manifests by HEAD, each distinct (repository, reference) once per run. With `headOnly` it is all that a
 * pull-through cache may be asked without making it download (S23).
 */
export class HeadLooks {
  readonly #client: RegistryClient
  readonly #options: HeadLookOptions
  readonly #seen = new Map<string, Promise<ManifestEvidence>>()

  constructor(client: RegistryClient, options: HeadLookOptions) {
    this.#client = client
    this.#options = options
  }

  look(repository: string, reference: string): Promise<ManifestEvidence> {
    const key = `${repository}@${reference}`
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const evidence = this.#look(repository, reference)
    this.#seen.set(key, evidence)
    return evidence
  }

  async #look(repository: string, reference: string): Promise<ManifestEvidence> {
    const { signal, headOnly } = this.#options
    const look = await lookTwice(
      () => this.#client.headManifest(repository, reference, { signal, lane: 'check', headOnly }),
      this.#options,
    )
    if ('error' in look) return { reference, sight: sightOf(look.error), layers: [], children: [] }
    return { reference, sight: PRESENT, digest: look.value.digest, layers: [], children: [] }
  }
}
