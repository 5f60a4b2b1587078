import { asTallymanError, hasCode, TallymanError } from '#catalogue/error.ts'
import type { CallOptions, Descriptor, Manifest, RegistryClient } from '#registry/client.ts'
import { MAX_NESTING } from '#registry/nesting.ts'

/** An image that is not whole, and exactly what it was. */
export interface RestoreTarget {
  readonly repository: string
  /** Absent: workloads name it by digest. */
  readonly tag?: string | undefined
  /** Of the manifest or index that it was. */
  readonly digest: string
  /** Digests that were found damaged: they are written again whatever the registry says of them. */
  readonly damaged: ReadonlySet<string>
}

export interface RestoreOptions {
  /** Nothing is written: what would be is counted. */
  readonly dry: boolean
  readonly signal: AbortSignal
  /** Called right before every request that writes is sent. @throws what keeps it from that (S16) */
  readonly beforeWrite: () => void
}

/** What was copied, or would be. */
export interface Restored {
  readonly blobs: number
  readonly manifests: number
  readonly tags: number
  /** Of the blobs. */
  readonly bytes: number
}

/**
 * Copies back what is missing of one image, from a registry that has exactly it: blobs first, then manifests from the leaves up, the
 * tag last. What is there and whole is not written again; a tag that names something is left as it is, whatever it names. Every byte is
 * verified where it is read, and again where it was written.
 * @throws REGISTRY_ABSENT the source has it not · RESTORE_IMPOSSIBLE the registry took the content and still serves damaged bytes
 *   (research/registry-protocol.md §0.7) · REGISTRY_* · CANCELLED
 */
export async function restoreImage(
  source: RegistryClient,
  destination: RegistryClient,
  target: RestoreTarget,
  options: RestoreOptions,
): Promise<Restored> {
  const work = new Restoring(source, destination, target, options)
  const manifest = await work.manifest(target.digest, 0)
  if (target.tag !== undefined) await work.tag(target.tag, manifest)
  return work.done
}

class Restoring {
  readonly #source: RegistryClient
  readonly #destination: RegistryClient
  readonly #repository: string
  readonly #damaged: ReadonlySet<string>
  readonly #options: RestoreOptions
  readonly #seen = new Set<string>()
  done: Restored = { blobs: 0, manifests: 0, tags: 0, bytes: 0 }

  constructor(
    source: RegistryClient,
    destination: RegistryClient,
    { repository, damaged }: RestoreTarget,
    options: RestoreOptions,
  ) {
    this.#source = source
    this.#destination = destination
    this.#repository = repository
    this.#damaged = damaged
    this.#options = options
  }

  async manifest(digest: string, depth: number): Promise<Manifest> {
    const manifest = await this.#source.getManifest(this.#repository, digest, this.#call)
    if (manifest.kind === 'index' && depth < MAX_NESTING) {
      for (const child of manifest.manifests) await this.#child(child, depth)
    }
    if (manifest.kind === 'image') {
      const kept = manifest.layers.filter(({ urls }) => urls === undefined || urls.length === 0)
      for (const blob of [manifest.config, ...kept]) await this.#blob(blob)
    }
    if (!this.#isNew(digest) || (await this.#hasManifest(digest))) return manifest
    await this.#write((call) => this.#destination.putManifest(this.#repository, digest, manifest, call))
    this.done = { ...this.done, manifests: this.done.manifests + 1 }
    if (!this.#options.dry)
      await this.#verify(digest, () => this.#destination.getManifest(this.#repository, digest, this.#call))
    return manifest
  }

  /** A tag that names anything is never written over: who moved it knows why. */
  async tag(tag: string, manifest: Manifest): Promise<void> {
    try {
      await this.#destination.headManifest(this.#repository, tag, this.#call)
      return
    } catch (error) {
      if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
    }
    await this.#write((call) => this.#destination.putManifest(this.#repository, tag, manifest, call))
    this.done = { ...this.done, tags: this.done.tags + 1 }
  }

  /** A platform that the source does not have either is none that its images need: registries may hold sparse indexes. */
  async #child(child: Descriptor, depth: number): Promise<void> {
    try {
      await this.manifest(child.digest, depth + 1)
    } catch (error) {
      if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
      if (await this.#hasManifest(child.digest)) return
    }
  }

  async #blob(blob: Descriptor): Promise<void> {
    if (!this.#isNew(blob.digest) || (await this.#hasBlob(blob))) return
    const { signal } = this.#options
    await this.#write((call) =>
      this.#destination.uploadBlob(
        this.#repository,
        blob,
        () => this.#source.readBlob(this.#repository, blob, { signal, lane: 'bulk' }),
        { ...call, evenIfThere: true },
      ),
    )
    const { blobs, bytes } = this.done
    this.done = { ...this.done, blobs: blobs + 1, bytes: bytes + blob.size }
    if (!this.#options.dry)
      await this.#verify(blob.digest, () => this.#destination.hashBlob(this.#repository, blob, this.#call))
  }

  /** By the last byte, not by HEAD: what a cache says of a blob is no proof. */
  async #hasBlob(blob: Descriptor): Promise<boolean> {
    if (this.#damaged.has(blob.digest)) return false
    return isWhole(() => this.#destination.probeBlob(this.#repository, blob, this.#call))
  }

  #hasManifest(digest: string): Promise<boolean> {
    return isWhole(() => this.#destination.getManifest(this.#repository, digest, this.#call))
  }

  #isNew(digest: string): boolean {
    if (this.#seen.has(digest)) return false
    this.#seen.add(digest)
    return true
  }

  async #write(request: (call: CallOptions) => Promise<unknown>): Promise<void> {
    const { dry, beforeWrite } = this.#options
    if (!dry) await request({ ...this.#call, beforeSend: beforeWrite })
  }

  async #verify(digest: string, look: () => Promise<unknown>): Promise<void> {
    if (await isWhole(look)) return
    throw new TallymanError(
      'RESTORE_IMPOSSIBLE',
      `${this.#repository}: the registry took ${digest} and still serves damaged content: it keeps the file that it has`,
      { details: { repository: this.#repository, digest } },
    )
  }

  get #call() {
    return { signal: this.#options.signal, lane: 'bulk' } as const
  }
}

/** @throws what says nothing about it: unreachable, denied, cancelled */
async function isWhole(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look()
    return true
  } catch (thrown) {
    const { kind } = asTallymanError(thrown)
    if (kind === 'absent' || kind === 'damaged') return false
    throw thrown
  }
}
