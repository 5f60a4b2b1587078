import { hasCode, TallymanError } from '#catalogue/error.ts'
import { CLAIMS_REPOSITORY, type UsageClaim } from '#inventory/claim.ts'
import { type ReadClaim, readClaim, writeClaim } from '#inventory/claim-document.ts'
import { MAX_DOCUMENT_BYTES } from '#inventory/claim-limits.ts'
import type { CallOptions, DestructiveOptions, RegistryClient } from '#registry/client.ts'
import { digestOf } from '#registry/digest.ts'
import { EMPTY_CONFIG } from '#registry/empty-config.ts'
import {
  type ClaimHolder,
  claimManifest,
  claimTag,
  type Heartbeat,
  readClaimManifest,
  type UsageLayer,
} from './claim-artifact.ts'
import { type ClaimParts, claimInParts, united } from './claim-usage.ts'

/** So many installations share no registry. */
const MAX_CLAIMS = 100
/** Of writing a claim beside another installation that does the same. */
const TRIES = 3

/** A claim as it lies in the registry. */
export interface FoundClaim {
  readonly tag: string
  /** Of its manifest; undefined: there is none. */
  readonly digest: string | undefined
  readonly content:
    | { readonly heartbeat: Heartbeat; readonly usage: ReadClaim }
    | { readonly unreadable: string }
}

/** When a claim that was found before does not count any more. */
export interface GoneClaims {
  /** Monotonic, ms. */
  readonly now: number
  /** For so long it has to be gone, ms. */
  readonly afterMs: number
}

/** Reads and writes the claims of one registry, or of those who name it by one longer path. */
export class Claims {
  readonly #holder: ClaimHolder
  readonly #repository: string
  /** By tag, as of the last look. */
  #found: ReadonlyMap<string, FoundClaim> = new Map()
  /** By digest of the layer; what no claim names any more is forgotten. */
  #documents: ReadonlyMap<string, ReadClaim> = new Map()
  /** By tag of a claim that was found before: since when neither a list nor the tag itself has shown it, monotonic ms. */
  readonly #goneSince = new Map<string, number>()
  #written: ClaimParts | undefined

  /** @param repository where they lie */
  constructor(holder: ClaimHolder, repository: string = CLAIMS_REPOSITORY) {
    this.#holder = holder
    this.#repository = repository
  }

  /**
   * All of them, our own too; what has not changed is the same object as before. One of another that was found before counts until it has been gone for a while:
   * a list may leave out what is there.
   * @throws REGISTRY_*, CLAIM_FOREIGN
   */
  async read(client: RegistryClient, call: CallOptions, gone: GoneClaims): Promise<readonly FoundClaim[]> {
    const tags = await claimTags(client, this.#repository, call)
    const documents = new Map<string, ReadClaim>()
    const found: FoundClaim[] = []
    for (const tag of tags) {
      this.#goneSince.delete(tag)
      found.push(await this.#readOne(client, tag, documents, call))
    }
    const listed = new Set(tags).add(claimTag(this.#holder))
    for (const before of this.#found.values()) {
      if (listed.has(before.tag)) continue
      const unlisted = await this.#readUnlisted(client, before, documents, call, gone)
      if (unlisted !== undefined) found.push(unlisted)
    }
    this.#found = new Map(found.map((claim) => [claim.tag, claim]))
    this.#documents = documents
    return found
  }

  /**
   * Writes our own.
   * @param call its `beforeSend` is the fence
   * @returns the digest of its manifest @throws REGISTRY_*, LEADERSHIP_LOST
   */
  async write(client: RegistryClient, usage: UsageClaim, call: CallOptions): Promise<string> {
    const parts = claimInParts(this.#written, usage)
    const upload = async (bytes: Buffer): Promise<UsageLayer> => {
      const blob = { digest: digestOf(bytes), size: bytes.length }
      await client.uploadBlob(this.#repository, blob, () => bytes, call)
      return blob
    }
    await upload(EMPTY_CONFIG)
    const layers = [
      await upload(Buffer.from(writeClaim(parts.whole))),
      await upload(Buffer.from(writeClaim(parts.added))),
    ]
    const manifest = claimManifest({ holder: this.#holder, at: usage.writtenAt, layers })
    await this.#put(client, manifest, call)
    this.#written = parts
    return manifest.digest
  }

  /**
   * All claims name the same empty config. While another installation uploads it, docker-registry 2.8 reads a link to it that is not written yet, and says that a digest is wrong. The
   * tag is ours alone, so that writing it again writes over nobody.
   */
  async #put(
    client: RegistryClient,
    manifest: ReturnType<typeof claimManifest>,
    call: CallOptions,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await client.putManifest(this.#repository, claimTag(this.#holder), manifest, call)
        return
      } catch (error) {
        if (!hasCode(error, 'REGISTRY_DIGEST_MISMATCH') || tries === TRIES) throw error
      }
    }
  }

  /** @returns undefined once it has been gone for long enough */
  async #readUnlisted(
    client: RegistryClient,
    before: FoundClaim,
    documents: Map<string, ReadClaim>,
    call: CallOptions,
    { now, afterMs }: GoneClaims,
  ): Promise<FoundClaim | undefined> {
    const read = await this.#readOne(client, before.tag, documents, call)
    if (read.digest !== undefined) {
      this.#goneSince.delete(before.tag)
      return read
    }
    const since = this.#goneSince.get(before.tag) ?? now
    this.#goneSince.set(before.tag, since)
    if (now - since < afterMs) return before
    this.#goneSince.delete(before.tag)
    return undefined
  }

  async #readOne(
    client: RegistryClient,
    tag: string,
    documents: Map<string, ReadClaim>,
    call: CallOptions,
  ): Promise<FoundClaim> {
    let digest: string | undefined
    const unreadable = (why: string): FoundClaim => ({ tag, digest, content: { unreadable: why } })
    try {
      digest = (await client.headManifest(this.#repository, tag, call)).digest
      const before = this.#found.get(tag)
      const known = before !== undefined && 'heartbeat' in before.content ? before.content : undefined
      const heartbeat =
        before?.digest === digest && known !== undefined
          ? known.heartbeat
          : readClaimManifest(await client.getManifest(this.#repository, digest, call))
      if (heartbeat === undefined) return unreadable('it is no claim of this version of Tallyman')
      if (claimTag(heartbeat.holder) !== tag) return unreadable('what it says is the claim of another')
      const read = await this.#read(client, heartbeat, documents, call)
      const usage = known !== undefined && isSame(known.heartbeat, heartbeat) ? known.usage : usageOf(read)
      return { tag, digest, content: { heartbeat, usage } }
    } catch (error) {
      if (!hasCode(error, 'REGISTRY_ABSENT', 'REGISTRY_MANIFEST_INVALID')) throw error
      return unreadable(error.message)
    }
  }

  /** The documents, each read once. */
  async #read(
    client: RegistryClient,
    heartbeat: Heartbeat,
    documents: Map<string, ReadClaim>,
    call: CallOptions,
  ): Promise<readonly ReadClaim[]> {
    for (const layer of heartbeat.layers) {
      const read =
        this.#documents.get(layer.digest) ??
        (await readLayer(client, this.#repository, heartbeat, layer, call))
      documents.set(layer.digest, read)
    }
    return heartbeat.layers.flatMap(({ digest }) => documents.get(digest) ?? [])
  }
}

function isSame(a: Heartbeat, b: Heartbeat): boolean {
  return (
    a.layers.length === b.layers.length && a.layers.every(({ digest }, at) => digest === b.layers[at]?.digest)
  )
}

/** What all documents say together. */
function usageOf(documents: readonly ReadClaim[]): ReadClaim {
  const [first = { problem: 'Malformed', message: 'It has no document' }, ...more] = documents
  return more.reduce<ReadClaim>((whole, added) => {
    if ('problem' in whole) return whole
    return 'problem' in added ? added : { claim: united({ whole: whole.claim, added: added.claim }) }
  }, first)
}

/**
 * Deletes the manifest of a heartbeat that was replaced: nobody else has it, and no tag names it.
 * @returns whether it is worth trying with the next one: not where the registry or the account does not let it
 * @throws what kept it from being sent
 */
export async function discardHeartbeat(
  client: RegistryClient,
  digest: string,
  options: DestructiveOptions,
): Promise<boolean> {
  const { kind } = await client.deleteManifest(CLAIMS_REPOSITORY, digest, options)
  return kind !== 'denied' && kind !== 'unsupported'
}

/** @throws REGISTRY_*; there are none where nobody has claimed the registry yet */
async function claimTags(client: RegistryClient, repository: string, call: CallOptions): Promise<string[]> {
  const tags: string[] = []
  try {
    for await (const page of client.tags(repository, call)) {
      tags.push(...page)
      if (tags.length > MAX_CLAIMS) {
        throw new TallymanError('CLAIM_FOREIGN', `${repository} has more than ${MAX_CLAIMS} tags`)
      }
    }
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
  }
  return tags.sort()
}

async function readLayer(
  client: RegistryClient,
  repository: string,
  { holder, at }: Heartbeat,
  layer: UsageLayer,
  call: CallOptions,
): Promise<ReadClaim> {
  if (layer.size > MAX_DOCUMENT_BYTES)
    return { problem: 'Malformed', message: `It has a document of ${layer.size} bytes` }
  const parts: Uint8Array[] = []
  for await (const part of client.readBlob(repository, layer, call)) parts.push(part)
  const text = Buffer.concat(parts).toString('utf8')
  // How old it is, the heartbeat says: what has not changed is not written again.
  return readClaim(text, {
    installation: holder.installation,
    now: at,
    maxAgeMs: Number.POSITIVE_INFINITY,
  })
}
