import type { ManifestEvidence, ReferrersEvidence } from '#health/evidence.ts'
import { referrersTag } from '#scan/companion-tags.ts'
import type { ManifestLooks } from '#scan/manifest-looks.ts'
import type { LapProofs } from '#scan/proof-memory.ts'
import type { ReferrerLists, ReferrerNames } from '#scan/referrer-lists.ts'

export interface ReferrerLookOptions {
  readonly proofs: LapProofs
  readonly signal: AbortSignal
}

/**
 * Looks at what refers to a manifest (signatures, attestations, SBOMs), as closely as at images, and no further: what refers to a referrer is
 * left out. Each distinct (repository, subject) once per run; a list of an earlier run counts like any other proof (S26).
 */
export class ReferrerLooks {
  readonly #manifests: ManifestLooks
  readonly #lists: ReferrerLists
  readonly #proofs: LapProofs
  readonly #signal: AbortSignal
  readonly #seen = new Map<string, Promise<ReferrersEvidence>>()

  constructor(manifests: ManifestLooks, lists: ReferrerLists, { proofs, signal }: ReferrerLookOptions) {
    this.#manifests = manifests
    this.#lists = lists
    this.#proofs = proofs
    this.#signal = signal
  }

  /** @param subject digest of the manifest that is referred to */
  look(repository: string, subject: string, trusts: boolean): Promise<ReferrersEvidence> {
    const key = `${repository}@${subject}`
    const seen = this.#seen.get(key)
    if (seen !== undefined) return seen
    const evidence = this.#look(repository, subject, trusts)
    this.#seen.set(key, evidence)
    return evidence
  }

  async #look(repository: string, subject: string, trusts: boolean): Promise<ReferrersEvidence> {
    const known = trusts ? this.#proofs.referrers(repository, subject) : undefined
    if (known !== undefined) {
      const found = await this.#lookAt(repository, subject, known, trusts)
      // Since it was listed it may have been removed on purpose.
      if (!found.some(({ sight }) => sight.state === 'absent')) return { found, unlisted: [] }
    }
    const { names, unlisted } = await this.#lists.list(repository, subject, this.#signal)
    if (unlisted.length === 0) this.#proofs.referrersListed(repository, subject, names)
    return { found: await this.#lookAt(repository, subject, names, trusts), unlisted }
  }

  /** Each referrer once, whether the API names it, the index behind a tag, or both. */
  async #lookAt(
    repository: string,
    subject: string,
    { digests, tags }: ReferrerNames,
    trusts: boolean,
  ): Promise<ManifestEvidence[]> {
    const [byDigest, byTag] = await Promise.all([
      Promise.all(digests.map((digest) => this.#manifests.look(repository, digest, trusts, 1))),
      Promise.all(tags.map((tag) => this.#manifests.look(repository, tag, trusts))),
    ])
    const listing = referrersTag(subject)
    const referrers = [
      ...byDigest,
      ...byTag.flatMap((manifest) => (manifest.reference === listing ? listedBy(manifest) : [manifest])),
    ]
    return [...new Map(referrers.map((referrer) => [referrer.reference, referrer])).values()]
  }
}

/** What the index behind a tag lists; one that cannot be read is itself what is wrong, and what is no index lists nothing. */
function listedBy(manifest: ManifestEvidence): readonly ManifestEvidence[] {
  if (manifest.sight.state !== 'present') return [manifest]
  return manifest.isIndex === true ? manifest.children : []
}
