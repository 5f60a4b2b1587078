import type { ManifestEvidence, Platform } from '#health/evidence.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { Descriptor } from '#registry/descriptor.ts'
import type { Manifest } from '#registry/manifest.ts'
import type { BlobLooks } from '#scan/blob-looks.ts'
import { type LookOptions, lookTwice, PRESENT, sightOf } from '#scan/look.ts'

/** How deep an index may nest before it is called damaged: nobody nests twice, hostile ones nest for ever. */
const MAX_DEPTH = 4

/**
 * Looks at manifests and all they name, each distinct (repository, reference) once per run. Bytes are read and hashed:
 * a HEAD says nothing about the data behind it.
 */
export class ManifestLooks {
  readonly #client: RegistryClient
  readonly #blobs: BlobLooks | undefined
  readonly #options: LookOptions
  readonly #seen = new Map<string, Promise<ManifestEvidence>>()

  /** @param blobs absent: manifests only (depth Manifest) */
  constructor(client: RegistryClient, blobs: BlobLooks | undefined, options: LookOptions) {
    this.#client = client
    this.#blobs = blobs
    this.#options = options
  }

  look(repository: string, reference: string): Promise<ManifestEvidence> {
    return this.#once(repository, reference, 0)
  }

  #once(repository: string, reference: string, depth: number): Promise<ManifestEvidence> {
    const key = `${repository}@${reference}`
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const evidence = this.#look(repository, reference, depth)
    this.#seen.set(key, evidence)
    return evidence
  }

  async #look(repository: string, reference: string, depth: number): Promise<ManifestEvidence> {
    const { signal } = this.#options
    const look = await lookTwice(
      () => this.#client.getManifest(repository, reference, { signal, lane: 'check' }),
      this.#options,
    )
    if ('error' in look) return { reference, sight: sightOf(look.error), layers: [], children: [] }
    const manifest = look.value
    const [config, layers, children] = await Promise.all([
      this.#config(repository, manifest),
      this.#layers(repository, manifest),
      this.#children(repository, manifest, depth),
    ])
    return { reference, sight: PRESENT, digest: manifest.digest, config, layers, children }
  }

  async #config(repository: string, manifest: Manifest) {
    if (manifest.kind !== 'image') return undefined
    return this.#blobs?.look(repository, manifest.config)
  }

  async #layers(repository: string, manifest: Manifest) {
    const blobs = this.#blobs
    if (manifest.kind !== 'image' || blobs === undefined) return []
    return Promise.all(manifest.layers.filter(isKeptHere).map((layer) => blobs.look(repository, layer)))
  }

  async #children(repository: string, manifest: Manifest, depth: number): Promise<ManifestEvidence[]> {
    if (manifest.kind !== 'index') return []
    return Promise.all(
      manifest.manifests.map(async (child): Promise<ManifestEvidence> => {
        const platform = platformOf(child)
        if (depth + 1 >= MAX_DEPTH) return { ...tooDeep(child.digest), platform }
        return { ...(await this.#once(repository, child.digest, depth + 1)), platform }
      }),
    )
  }
}

/** Layers with URLs of their own (nondistributable) need not be in this registry. */
function isKeptHere(layer: Descriptor): boolean {
  return layer.urls === undefined || layer.urls.length === 0
}

function platformOf(child: Descriptor): Platform | undefined {
  if (child.platform === undefined) return undefined
  const { os, architecture, variant } = child.platform
  return { os, architecture, variant }
}

function tooDeep(digest: string): ManifestEvidence {
  const message = `index nests more than ${MAX_DEPTH} levels deep`
  return {
    reference: digest,
    sight: { state: 'damaged', code: 'REGISTRY_MANIFEST_INVALID', message },
    layers: [],
    children: [],
  }
}
