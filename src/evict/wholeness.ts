import { asTallymanError, TallymanError } from '#catalogue/error.ts'
import type { BlobRef, Manifest } from '#registry/client.ts'
import { algorithmOf, digestOf } from '#registry/digest.ts'
import { MAX_NESTING } from '#registry/nesting.ts'
import { calls, type Reach } from './hands.ts'

export function childrenOf(manifest: Manifest): readonly string[] {
  return manifest.kind === 'index' ? manifest.manifests.map(({ digest }) => digest) : []
}

/** What a registry has to hold of it: not the layers that lie elsewhere. */
export function blobsOf(manifest: Manifest): readonly BlobRef[] {
  if (manifest.kind === 'index') return []
  if (manifest.kind === 'artifact') return manifest.blobs
  return [manifest.config, ...manifest.layers.filter(({ urls }) => urls === undefined || urls.length === 0)]
}

/** Whether there are layers that a registry does not have to hold: they have URLs of their own. */
export function isPartlyElsewhere(manifest: Manifest): boolean {
  return (
    manifest.kind === 'image' && manifest.layers.some(({ urls }) => urls !== undefined && urls.length > 0)
  )
}

/** What an error says of content: that it is not there, or not whole. Any other says nothing about it. */
export function isMissing(error: TallymanError): boolean {
  return error.kind === 'absent' || error.kind === 'damaged'
}

/**
 * Reads what one repository holds, as somebody who pulls would: manifests with their bytes, blobs by their last. What was whole is not read again.
 */
export class Wholeness {
  readonly #reach: Reach
  readonly #repository: string
  readonly #referenceTo: (digest: string) => string
  readonly #looks = new Map<string, Promise<void>>()

  /** @param referenceTo the tag by which each manifest is to be had; absent: the digest will do */
  constructor(
    reach: Reach,
    repository: string,
    referenceTo: (digest: string) => string = (digest) => digest,
  ) {
    this.#reach = reach
    this.#repository = repository
    this.#referenceTo = referenceTo
  }

  /** Resolves where a manifest and all below it are whole. @throws what is missing or damaged; what says nothing about it */
  check(digest: string, depth = 0): Promise<void> {
    return this.#once(digest, async () => {
      const { pull } = this.#reach
      const reference = this.#referenceTo(digest)
      const manifest = await pull.getManifest(this.#repository, reference, calls(this.#reach).read)
      if (digestOf(manifest.bytes, algorithmOf(digest)) !== digest) {
        throw new TallymanError('REGISTRY_ABSENT', `${this.#repository}:${reference} is not ${digest}`)
      }
      if (depth < MAX_NESTING) for (const child of childrenOf(manifest)) await this.check(child, depth + 1)
      for (const blob of blobsOf(manifest)) await this.#blob(blob)
    })
  }

  /** @throws what says nothing about it: unreachable, denied, cancelled */
  async holds(digest: string): Promise<boolean> {
    try {
      await this.check(digest)
      return true
    } catch (thrown) {
      const error = asTallymanError(thrown)
      if (isMissing(error) || error.code === 'REGISTRY_MEDIA_TYPE') return false
      throw error
    }
  }

  #blob(blob: BlobRef): Promise<void> {
    const { pull } = this.#reach
    return this.#once(blob.digest, () => pull.probeBlob(this.#repository, blob, calls(this.#reach).read))
  }

  async #once(digest: string, look: () => Promise<void>): Promise<void> {
    const looking = this.#looks.get(digest) ?? look()
    this.#looks.set(digest, looking)
    try {
      await looking
    } catch (error) {
      this.#looks.delete(digest)
      throw error
    }
  }
}
