import type { ManifestEvidence, Platform } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import type { BlobLooks } from '#scan/blob-looks.ts'
import { type Look, type LookOptions, lookTwice, PRESENT, sightOf } from '#scan/look.ts'
import { factsOf, type ManifestFacts } from '#scan/manifest-facts.ts'
import type { LapProofs } from '#scan/proof-memory.ts'

export interface ManifestLookOptions extends LookOptions {
  readonly proofs: LapProofs
  /** Children of an index for other platforms are left out; absent: all are looked at. */
  readonly wants?: ((platform: Platform | undefined) => boolean) | undefined
}

export interface Asked {
  readonly repository: string
  readonly reference: string
  readonly depth: number
  /** What earlier laps proved counts. */
  readonly trusts: boolean
}

/**
 * Looks at manifests and all they name, each distinct (repository, reference) once per run. Bytes are read and hashed: a HEAD says nothing
 * about the data behind it. What was read not long ago is asked for by HEAD alone, where a workload names it, and not at all
 * where only an index does (S26).
 */
export class ManifestLooks {
  readonly #client: RegistryClient
  readonly #blobs: BlobLooks | undefined
  readonly #options: ManifestLookOptions
  readonly #seen = new Map<string, Promise<ManifestEvidence>>()
  readonly #read = new Map<string, Promise<Look<ManifestFacts>>>()

  /** @param blobs absent: manifests only (depth Manifest) */
  constructor(client: RegistryClient, blobs: BlobLooks | undefined, options: ManifestLookOptions) {
    this.#client = client
    this.#blobs = blobs
    this.#options = options
  }

  /**
   * @param trusts false: nothing that an earlier lap proved counts for this image
   * @param depth above 0: no workload names it, but something that the registry has
   */
  look(repository: string, reference: string, trusts: boolean, depth = 0): Promise<ManifestEvidence> {
    return this.#once({ repository, reference, depth, trusts })
  }

  /** The manifest alone, without what it names. */
  facts(asked: Asked): Promise<Look<ManifestFacts>> {
    return once(this.#read, asked, () => this.#facts(asked))
  }

  #once(asked: Asked): Promise<ManifestEvidence> {
    return once(this.#seen, asked, () => this.#look(asked))
  }

  async #look(asked: Asked): Promise<ManifestEvidence> {
    const { repository, reference, trusts } = asked
    const look = await this.facts(asked)
    if ('error' in look) return { reference, sight: sightOf(look.error), layers: [], children: [] }
    const facts = look.value
    const blobs = this.#blobs
    const [config, layers, children] = await Promise.all([
      facts.config && blobs?.look(repository, facts.config, trusts),
      Promise.all(
        blobs === undefined ? [] : facts.layers.map((layer) => blobs.look(repository, layer, trusts)),
      ),
      this.#children(asked, facts),
    ])
    const { digest, isIndex } = facts
    return { reference, sight: PRESENT, digest, isIndex, config, layers, children }
  }

  async #facts(asked: Asked): Promise<Look<ManifestFacts>> {
    const known = asked.trusts ? await this.#known(asked) : undefined
    if (known !== undefined) return { value: known }
    const { repository, reference } = asked
    const { signal, proofs } = this.#options
    const look = await lookTwice(
      () => this.#client.getManifest(repository, reference, { signal, lane: 'check' }),
      this.#options,
    )
    if ('error' in look) {
      // What the tag named is worth knowing when it is to be restored.
      const before = proofs.tag(repository, reference)
      if (before !== undefined) proofs.tagSeen(repository, reference, before)
      return look
    }
    const facts = factsOf(look.value)
    proofs.manifestProven(repository, isDigest(reference) ? undefined : reference, facts)
    return { value: facts }
  }

  /** What an earlier look proved, where the registry still says that this is what the reference names. */
  async #known({ repository, reference, depth }: Asked): Promise<ManifestFacts | undefined> {
    const { signal, proofs } = this.#options
    const isTag = !isDigest(reference)
    const digest = isTag ? proofs.tag(repository, reference) : reference
    const facts = digest === undefined ? undefined : proofs.manifest(repository, digest)
    if (facts === undefined || depth > 0) return facts
    const head = await lookTwice(
      () => this.#client.headManifest(repository, reference, { signal, lane: 'check' }),
      this.#options,
    )
    // Whatever else the HEAD says is found out with the bytes.
    if ('error' in head || head.value.digest !== digest) return undefined
    if (isTag) proofs.tagSeen(repository, reference, digest)
    return facts
  }

  async #children({ repository, depth, trusts }: Asked, facts: ManifestFacts): Promise<ManifestEvidence[]> {
    const { wants } = this.#options
    const wanted = facts.children.filter(({ platform }) => wants?.(platform) !== false)
    return Promise.all(
      wanted.map(async ({ digest, platform }): Promise<ManifestEvidence> => {
        if (depth + 1 >= MAX_NESTING) return { ...tooDeep(digest), platform }
        const child = { repository, reference: digest, depth: depth + 1, trusts }
        return { ...(await this.#once(child)), platform }
      }),
    )
  }
}

function once<T>(
  seen: Map<string, Promise<T>>,
  { repository, reference }: Asked,
  look: () => Promise<T>,
): Promise<T> {
  const key = `${repository}@${reference}`
  const known = seen.get(key)
  if (known !== undefined) return known
  const looking = look()
  seen.set(key, looking)
  return looking
}

function isDigest(reference: string): boolean {
  return reference.includes(':')
}

function tooDeep(digest: string): ManifestEvidence {
  const message = `index nests more than ${MAX_NESTING} levels deep`
  return {
    reference: digest,
    sight: { state: 'damaged', code: 'REGISTRY_MANIFEST_INVALID', message },
    layers: [],
    children: [],
  }
}
