import type { ManifestHead, RegistryClient } from '#registry/client.ts'
import type { Manifest } from '#registry/manifest.ts'
import type { ManifestFacts } from '#retention/facts.ts'
import { type Look, type LookOptions, lookOnce, lookTwice } from '#scan/look.ts'
import { dateOf, policyFacts, SharedFacts } from '#scan/policy-facts.ts'
import { isKnownDate } from '#time/known-date.ts'

export interface ManifestReaderOptions extends LookOptions {
  /** What earlier scans have read, by digest. */
  readonly known?: ReadonlyMap<string, ManifestFacts> | undefined
}

const NOTHING: ReadonlyMap<string, ManifestFacts> = new Map()

/**
 * Reads manifests with the dates of their configs, each digest once for a whole registry, and once for ever where it is known from earlier scans: what a manifest says is
 * true of its digest in every repository. That a repository has it is asked all the same.
 */
export class ManifestReader {
  /** All that was seen to be there. */
  readonly manifests = new Map<string, ManifestFacts>()
  readonly #client: RegistryClient
  readonly #options: LookOptions
  readonly #known: ReadonlyMap<string, ManifestFacts>
  readonly #shared = new SharedFacts()
  readonly #reading = new Map<string, Promise<Look<ManifestFacts>>>()

  constructor(client: RegistryClient, { known = NOTHING, ...options }: ManifestReaderOptions) {
    this.#client = client
    this.#options = options
    this.#known = known
  }

  async byTag(repository: string, tag: string): Promise<Look<ManifestFacts>> {
    if (this.#known.size === 0) return await this.#read(repository, tag)
    const head = await this.#head(repository, tag)
    if ('error' in head) return head
    const known = this.#knownOf(head.value.digest)
    return known === undefined ? await this.#read(repository, tag) : this.#seen(known)
  }

  /** Whether there is a tag that the list lacks. One look: the list was the other. */
  async unlisted(repository: string, tag: string): Promise<Look<ManifestHead>> {
    const { signal } = this.#options
    return await lookOnce(() => this.#client.headManifest(repository, tag, { signal, lane: 'bulk' }), signal)
  }

  async byDigest(repository: string, digest: string): Promise<Look<ManifestFacts>> {
    const key = `${repository}@${digest}`
    const reading = this.#reading.get(key) ?? this.#ask(repository, digest)
    this.#reading.set(key, reading)
    return await reading.finally(() => this.#reading.delete(key))
  }

  /** Another repository may have it, and this one not. */
  async #ask(repository: string, digest: string): Promise<Look<ManifestFacts>> {
    const known = this.manifests.get(digest) ?? this.#knownOf(digest)
    if (known === undefined) return await this.#read(repository, digest)
    const head = await this.#head(repository, digest)
    return 'error' in head ? head : this.#seen(known)
  }

  #head(repository: string, reference: string): Promise<Look<ManifestHead>> {
    const { signal } = this.#options
    return lookTwice(
      () => this.#client.headManifest(repository, reference, { signal, lane: 'bulk' }),
      this.#options,
    )
  }

  /** An image without a date may be one whose config could not be read: it is read again. */
  #knownOf(digest: string): ManifestFacts | undefined {
    const known = this.#known.get(digest)
    const isWhole = known?.kind !== 'image' || known.config === undefined || known.created !== undefined
    return isWhole ? known : undefined
  }

  #seen(facts: ManifestFacts): Look<ManifestFacts> {
    this.manifests.set(facts.digest, facts)
    return { value: facts }
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
    return this.#seen(await this.#dated(repository, look.value))
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
    const date = 'value' in look ? (dateOf(look.value.created) ?? created) : undefined
    return { ...facts, created: date }
  }
}
