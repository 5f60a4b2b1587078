import type { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import type { Authenticator } from './auth/authenticator.ts'
import { type BlobRef, getConfig, headBlob, probeBlob, readBlob } from './blobs.ts'
import type { ImageConfig } from './config.ts'
import { type DeletionCapabilities, probeDeletion } from './deletion-probe.ts'
import { type DeleteOutcome, deleteManifest, overwriteTag } from './deletions.ts'
import type { DestructiveOptions } from './destructive.ts'
import type { Egress } from './egress.ts'
import { listRepositories, listTags, type TagsOptions } from './listings.ts'
import type { Manifest } from './manifest.ts'
import { getManifest, type HeadOptions, headManifest, type ManifestHead, putManifest } from './manifests.ts'
import { type Pong, type Product, ping } from './ping.ts'
import { listReferrers } from './referrers.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'
import { Turns } from './turns.ts'
import { type BlobSource, type UploadOptions, uploadBlob } from './uploads.ts'

export type { BlobRef } from './blobs.ts'
export type { ImageConfig } from './config.ts'
export type { DeletionCapabilities, DeletionSupport } from './deletion-probe.ts'
export type { DeleteOutcome } from './deletions.ts'
export type { Descriptor, Platform } from './descriptor.ts'
export type { AuditLine, DestructiveOptions, Guard } from './destructive.ts'
export type { ArtifactManifest, ImageManifest, IndexManifest, Manifest } from './manifest.ts'
export type { HeadOptions, ManifestHead } from './manifests.ts'
export type { Product } from './ping.ts'
export type {
  CallOptions,
  Credential,
  Lane,
  RegistryLimits,
  RegistryTarget,
  RequestObserver,
} from './target.ts'
export type { BlobSource } from './uploads.ts'

/**
 * One registry with one credential, made by a RegistryPool. Every method rejects with a TallymanError whose kind keeps
 * apart what is absent, denied, unreachable, damaged and unsupported. Repository names are those below the path of the
 * target's URL. Digests are verified wherever bytes are read.
 */
export class RegistryClient {
  readonly #transport: Transport
  readonly #auth: Authenticator
  readonly #egress: Egress
  readonly #clock: Clock
  readonly #prefix: string
  readonly #deletions = new Turns()
  /** As the last ping told. */
  #product: Product = 'unknown'

  /** @param parts.prefix path of the target's URL, with a slash at its end, or empty */
  constructor(parts: {
    transport: Transport
    auth: Authenticator
    egress: Egress
    clock: Clock
    prefix: string
  }) {
    this.#transport = parts.transport
    this.#auth = parts.auth
    this.#egress = parts.egress
    this.#clock = parts.clock
    this.#prefix = parts.prefix
  }

  /**
   * Whether a registry answers and takes the credentials.
   * @returns authenticated: the answer was given to our credentials; false also where it does not ask for any
   */
  async ping(options?: CallOptions): Promise<Pong & { readonly authenticated: boolean }> {
    const pong = await ping(this.#transport, this.#clock, options)
    this.#product = pong.product
    return { ...pong, authenticated: this.#auth.isUsed }
  }

  /** The repositories below the prefix, list by list. @throws REGISTRY_UNSUPPORTED where the product lists none */
  async *repositories(options?: CallOptions): AsyncGenerator<readonly string[], void, void> {
    for await (const page of listRepositories(this.#transport, options)) {
      const ours = this.#prefix === '' ? page : this.#below(page)
      if (ours.length > 0) yield ours
    }
  }

  /** The tags, in lists of some thousand each at most. @throws REGISTRY_ABSENT unknown repository */
  tags(repository: string, options?: TagsOptions): AsyncGenerator<readonly string[], void, void> {
    // It lists all of them anew for each page.
    const atOnce = options?.whole === true && this.#product === 'distribution-3'
    return listTags(this.#transport, this.#prefix + repository, options, { atOnce })
  }

  /**
   * The digests of what has this manifest as its subject: signatures, SBOMs, attestations.
   * @throws REGISTRY_ABSENT, REGISTRY_UNSUPPORTED where the registry has no referrers API
   */
  referrers(repository: string, digest: string, options?: CallOptions): Promise<readonly string[]> {
    return listReferrers(this.#transport, this.#prefix + repository, digest, options)
  }

  /** What the registry claims of a manifest. @param reference tag or digest */
  headManifest(repository: string, reference: string, options?: HeadOptions): Promise<ManifestHead> {
    return headManifest(this.#transport, this.#prefix + repository, reference, options)
  }

  /**
   * A manifest with verified bytes. @param reference tag or digest
   * @throws REGISTRY_ABSENT REGISTRY_DIGEST_MISMATCH REGISTRY_MANIFEST_INVALID REGISTRY_MEDIA_TYPE REGISTRY_TOO_LARGE …
   */
  getManifest(repository: string, reference: string, options?: CallOptions): Promise<Manifest> {
    return getManifest(this.#transport, this.#prefix + repository, reference, options)
  }

  /** The config of an image, verified. Of a thing that is no image it has no fields. */
  getConfig(repository: string, descriptor: BlobRef, options?: CallOptions): Promise<ImageConfig> {
    return getConfig(this.#transport, this.#prefix + repository, descriptor, options)
  }

  /** What the registry claims of a blob; not evidence, see `probeBlob`. */
  headBlob(repository: string, digest: string, options?: CallOptions): Promise<{ size: number }> {
    return headBlob(this.#transport, this.#prefix + repository, digest, options)
  }

  /** Proves by its last byte that a blob is there in full length. Resolves where it is. */
  probeBlob(repository: string, descriptor: BlobRef, options?: CallOptions): Promise<void> {
    return probeBlob(this.#transport, this.#prefix + repository, descriptor, options)
  }

  /** Reads and hashes all of a blob in constant memory. Resolves where length and digest are right. */
  async hashBlob(repository: string, descriptor: BlobRef, options?: CallOptions): Promise<void> {
    const chunks = this.readBlob(repository, descriptor, options)
    while (!(await chunks.next()).done);
  }

  /** The content of a blob, verified when the iteration ends. */
  readBlob(
    repository: string,
    descriptor: BlobRef,
    options?: CallOptions,
  ): AsyncGenerator<Uint8Array, void, void> {
    return readBlob(this.#transport, this.#clock, this.#prefix + repository, descriptor, options)
  }

  /** Uploads a blob unless it is there, or can be mounted (see UploadOptions). @param source may be called several times */
  uploadBlob(
    repository: string,
    descriptor: BlobRef,
    source: BlobSource,
    options?: UploadOptions,
  ): Promise<void> {
    const { mountFrom, ...rest } = options ?? {}
    const full = mountFrom === undefined ? rest : { ...rest, mountFrom: this.#prefix + mountFrom }
    return uploadBlob(this.#transport, this.#clock, this.#prefix + repository, descriptor, source, full)
  }

  /** Stores exactly these bytes as a manifest. @param reference tag or digest */
  putManifest(
    repository: string,
    reference: string,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    options?: CallOptions,
  ): Promise<{ digest: string }> {
    return putManifest(this.#transport, this.#prefix + repository, reference, manifest, options)
  }

  /**
   * Deletes a manifest by its digest, and with it every tag that names it; or a tag, where the product can (see probeDeletion). One at a time
   * in each repository: side by side they are slower, and nobody could say what each of them took along.
   * @returns what became of it, once it was sent @throws what kept it from being sent
   */
  deleteManifest(repository: string, reference: string, options: DestructiveOptions): Promise<DeleteOutcome> {
    const name = this.#prefix + repository
    return this.#deletions.take(name, () =>
      deleteManifest(this.#transport, this.#clock, name, reference, options),
    )
  }

  /** Writes a manifest over a tag that names another: see the function of this name. */
  overwriteTag(
    repository: string,
    tag: string,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    options: DestructiveOptions,
  ): Promise<{ readonly unanswered?: TallymanError }> {
    return overwriteTag(this.#transport, this.#clock, this.#prefix + repository, tag, manifest, options)
  }

  /** What may be deleted in a repository that exists, found out without deleting anything. */
  probeDeletion(repository: string, options: DestructiveOptions): Promise<DeletionCapabilities> {
    return probeDeletion(this.#transport, this.#clock, this.#prefix + repository, options)
  }

  /** Closes all connections; calls under way fail, but for deletions: they are waited for (S16). */
  async close(): Promise<void> {
    await this.#deletions.rest()
    await this.#egress.close()
  }

  #below(page: readonly string[]): readonly string[] {
    return page.filter((name) => name.startsWith(this.#prefix)).map((name) => name.slice(this.#prefix.length))
  }
}
