import type { NotPresent } from '#health/evidence.ts'
import { namedSubject } from '#retention/companion-name.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from '#retention/facts.ts'
import { sightOf } from '#scan/look.ts'
import type { ManifestReader } from '#scan/manifest-reader.ts'
import type { ReferrersApi } from '#scan/referrers-api.ts'
import { sideBySide } from '#scan/side-by-side.ts'

/** How deep indexes and referrers of referrers are followed: what is deeper makes the repository incomplete. */
const MAX_DEPTH = 4

export interface RepositoryReaderParts {
  readonly manifests: ManifestReader
  readonly referrersApi: ReferrersApi
  /** What the API listed; filled in. */
  readonly referrers: Map<string, readonly string[]>
  readonly concurrency: number
  readonly signal: AbortSignal
  /** Called for each tag that was asked for. */
  readonly onTag?: (() => void) | undefined
}

/** Reads one repository: what its tags name, and everything below, above and beside that. */
export class RepositoryReader {
  readonly #name: string
  readonly #parts: RepositoryReaderParts
  readonly #tagged = new Set<string>()
  readonly #untagged = new Set<string>()
  readonly #followed = new Set<string>()
  /** Why not all of it is known: the first reason. */
  #incomplete: string | undefined

  constructor(name: string, parts: RepositoryReaderParts) {
    this.#name = name
    this.#parts = parts
  }

  /** @param used what somebody may use of it, whether it has that or not: it is asked for (S14), tags as far as they are not listed (S36) */
  async read(
    tags: readonly string[],
    used: { readonly digests: Iterable<string>; readonly tags: Iterable<string> },
  ): Promise<RepositoryFacts> {
    const { concurrency } = this.#parts
    const listed = new Set(tags)
    const sorted = [...listed].sort()
    const bound = await sideBySide(sorted, concurrency, (tag) => this.#tag(tag))
    const unlisted = [...used.tags].filter((tag) => !listed.has(tag))
    await sideBySide(unlisted, concurrency, (tag) => this.#unlisted(tag))
    // What a signature belongs to may have lost its tag.
    const named = sorted.flatMap((tag) => namedSubject(tag) ?? [])
    await sideBySide(new Set([...used.digests, ...named]), concurrency, (digest) => this.#beside(digest, 0))
    return {
      name: this.#name,
      incomplete: this.#incomplete,
      tags: bound,
      untagged: [...this.#untagged].filter((digest) => !this.#tagged.has(digest)).sort(),
    }
  }

  async #tag(tag: string): Promise<TagFacts> {
    const { manifests, onTag } = this.#parts
    const look = await manifests.byTag(this.#name, tag)
    onTag?.()
    // Only who remembers an earlier scan knows since when it has been so.
    const unknown = { digestSince: undefined, boundSince: undefined }
    if ('error' in look) {
      this.#lacks(`${tag} could not be read`, sightOf(look.error))
      return { tag, digest: undefined, ...unknown }
    }
    const { digest } = look.value
    this.#tagged.add(digest)
    await this.#around(look.value, 0)
    return { tag, digest, ...unknown }
  }

  /** A list that lacks one tag may lack any: what it shows without a name may have one (S36). */
  async #unlisted(tag: string): Promise<void> {
    const look = await this.#parts.manifests.unlisted(this.#name, tag)
    if ('value' in look) {
      this.#incomplete ??= `${tag} is in use and is there, and the list of tags lacks it`
      return
    }
    const sight = sightOf(look.error)
    if (sight.state !== 'absent') this.#lacks(`${tag} is in use and could not be read`, sight)
  }

  /** What a manifest holds, what refers to it, and what it refers to. */
  async #around({ digest, children, subject }: ManifestFacts, depth: number): Promise<void> {
    if (this.#followed.has(digest)) return
    this.#followed.add(digest)
    const { referrersApi, referrers, signal } = this.#parts
    const listed = await referrersApi.of(this.#name, digest, signal)
    if ('error' in listed) this.#lacks(`what refers to ${digest} could not be listed`, sightOf(listed.error))
    const referring = 'value' in listed ? listed.value : []
    // Another repository may have others.
    if (referring.length > 0)
      referrers.set(digest, [...new Set([...(referrers.get(digest) ?? []), ...referring])])
    const spokenOf = subject === undefined ? [] : [subject]
    const beside = [...children.map((child) => child.digest), ...referring, ...spokenOf]
    await Promise.all(beside.map((each) => this.#beside(each, depth + 1)))
  }

  /** Something that no tag may name, and that the repository need not have. */
  async #beside(digest: string, depth: number): Promise<void> {
    if (this.#tagged.has(digest) || this.#untagged.has(digest)) return
    if (depth > MAX_DEPTH) {
      this.#incomplete ??= `${digest} lies more than ${MAX_DEPTH} manifests deep`
      return
    }
    const look = await this.#parts.manifests.byDigest(this.#name, digest)
    if ('value' in look) {
      this.#untagged.add(digest)
      await this.#around(look.value, depth)
      return
    }
    const sight = sightOf(look.error)
    // Said twice: what is not there holds nothing.
    if (sight.state !== 'absent') this.#lacks(`${digest} could not be read`, sight)
  }

  #lacks(what: string, { code, message }: NotPresent): void {
    this.#incomplete ??= `${what}: ${code}: ${message}`
  }
}
