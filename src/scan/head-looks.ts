import type { ManifestEvidence } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { type LookOptions, lookTwice, PRESENT, sightOf } from '#scan/look.ts'

/**
 * Looks at manifests by HEAD only, each distinct (repository, reference) once per run: all that a pull-through cache may
 * be asked without making it download (S23).
 */
export class HeadLooks {
  readonly #client: RegistryClient
  readonly #options: LookOptions
  readonly #seen = new Map<string, Promise<ManifestEvidence>>()

  constructor(client: RegistryClient, options: LookOptions) {
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
    const { signal } = this.#options
    const look = await lookTwice(
      () => this.#client.headManifest(repository, reference, { signal, lane: 'check' }),
      this.#options,
    )
    if ('error' in look) return { reference, sight: sightOf(look.error), layers: [], children: [] }
    return { reference, sight: PRESENT, digest: look.value.digest, layers: [], children: [] }
  }
}
