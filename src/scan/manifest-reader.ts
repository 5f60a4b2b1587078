import type { RegistryClient } from '#registry/client.ts'
import type { Manifest } from '#registry/manifest.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { type Look, type LookOptions, lookTwice } from '#scan/look.ts'
import { dateOf, policyFacts, SharedFacts } from '#scan/policy-facts.ts'
import { isKnownDate } from '#time/known-date.ts'

/**
 * Reads manifests with the dates of their configs, each digest once for a whole registry: what a manifest says is true of its digest in every
 * repository. That a repository has it is asked all the same.
 */
export class ManifestReader {
  /** All that was read. */
  readonly manifests = new Map<string, ManifestFacts>()
  readonly #client: RegistryClient
  readonly #options: LookOptions
  readonly #shared = new SharedFacts()
  readonly #reading = new Map<string, Promise<Look<ManifestFacts>>>()

  constructor(client: RegistryClient, options: LookOptions) {
    this.#client = client
    this.#options = options
  }

  byTag(repository: string, tag: string): Promise<Look<ManifestFacts>> {
    return this.#read(repository, tag)
  }

  async byDigest(repository: string, digest: string): Promise<Look<ManifestFacts>> {
    const key = `${repository}@${digest}`
    const reading = this.#reading.get(key) ?? this.#ask(repository, digest)
    this.#reading.set(key, reading)
    return await reading.finally(() => this.#reading.delete(key))
  }

  /** Another repository may have it, and this one not. */
  async #ask(repository: string, digest: string): Promise<Look<ManifestFacts>> {
    const known = this.manifests.get(digest)
    if (known === undefined) return await this.#read(repository, digest)
    const { signal } = this.#options
    const head = await lookTwice(
      () => this.#client.headManifest(repository, digest, { signal, lane: 'bulk' }),
      this.#options,
    )
    return 'error' in head ? head : { value: known }
  }

  async #read(repository: string, reference: string): Promise<Look<ManifestFacts>> {
    const { signal } = this.#options
    const look = await lookTwice(
      () => this.#client.getManifest(repository, reference, { signal, lane: 'bulk' }),
      this.#options,
    )
    if ('error' in look) return look
    const known = this.manifests.get(look.value.digest)
    if (known !== undefined) return { value: known }
    const facts = await this.#dated(repository, look.value)
    this.manifests.set(facts.digest, facts)
    return { value: facts }
  }

  /** The date of the annotation, where it is one that an image can have; else that of the config. */
  async #dated(repository: string, manifest: Manifest): Promise<ManifestFacts> {
    const { clock, signal } = this.#options
    const facts = policyFacts(manifest, this.#shared)
    const { config, kind, created } = facts
    if (isKnownDate(created, clock.now()) || kind !== 'image' || config === undefined) return facts
    const look = await lookTwice(
      () => this.#client.getConfig(repository, config, { signal, lane: 'bulk' }),
      this.#options,
    )
    // An image whose config can't be read has no date: it is kept by everything that counts.
    return 'value' in look ? { ...facts, created: dateOf(look.value.created) ?? created } : facts
  }
}
