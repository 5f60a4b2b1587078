/*
 * What a scan of a registry gives to decide on. Plain data, no classes. It carries 400,000 tags, so texts that are equal are one
 * string, and a blob that many manifests name is one object. Times are ms since the epoch; undefined: not known.
 */

/** A registry as it was read once. */
export interface RegistryFacts {
  /** When the reading began. */
  readonly readAt: number
  /** Why there may be repositories that are not in it; undefined: there are none. */
  readonly incomplete: string | undefined
  /** Sorted by name, each once. */
  readonly repositories: readonly RepositoryFacts[]
  /**
   * Every manifest that was read, by digest and whatever the repositories that have it: those that tags name, the children of indexes (and theirs), and what
   * `untagged` names. A digest of a complete repository that is not in here is known to be absent.
   */
  readonly manifests: ReadonlyMap<string, ManifestFacts>
  /**
   * What the referrers API names for a digest, in any repository: digests of manifests. A digest that is not in here was not asked for. What a tag
   * `sha256-…` says, and the `subject` of a manifest that was read, count without it.
   */
  readonly referrers: ReadonlyMap<string, readonly string[]>
}

export interface RepositoryFacts {
  /** Relative to the URL of the registry. */
  readonly name: string
  /**
   * Why not all of it is known; undefined: all its tags are listed and resolved, and each manifest below them was read, or the registry said twice that it
   * does not have it.
   */
  readonly incomplete: string | undefined
  /** Sorted by tag, in the order of UTF-16 units, each once. */
  readonly tags: readonly TagFacts[]
  /**
   * Digests of manifests that it has and that no tag of it names, as far as the scan came upon them: children of indexes, referrers, and digests in use
   * that the scan asked for because no tag names them any more (S14).
   */
  readonly untagged: readonly string[]
}

/** A binding: a tag and what it names. */
export interface TagFacts {
  readonly tag: string
  /** undefined: it could not be resolved. Its repository is incomplete. */
  readonly digest: string | undefined
  /** When a tag of the registry was first seen with the digest, one at least having named it ever since; undefined: nobody remembers earlier scans. */
  readonly digestSince: number | undefined
  /** When this tag was first seen with this digest; undefined as before. */
  readonly boundSince: number | undefined
}

/**
 * `image`: a container image. `index`: of images or of anything else. `artifact`: what is neither: a Helm chart, a signature, a build cache (manifest-kind.ts).
 */
export type ManifestKind = 'image' | 'index' | 'artifact'

/** What a manifest says. True of its digest for ever. */
export interface ManifestFacts {
  readonly digest: string
  readonly kind: ManifestKind
  readonly mediaType: string
  /** What it says it is, where it is no image: `artifactType`, else the media type of the config; undefined: nothing. */
  readonly artifactType: string | undefined
  /** Bytes of the manifest itself. */
  readonly size: number
  /** Of an index, in its order. */
  readonly children: readonly ChildFacts[]
  readonly config: BlobFacts | undefined
  /** From the base upwards; of an artifact its blobs. Those with URLs of their own are among them. */
  readonly layers: readonly BlobFacts[]
  /** When it was built, as the annotation or the config says: unchecked, so 1970 and the future are possible. */
  readonly created: number | undefined
  /** Digest of the manifest that it refers to. */
  readonly subject: string | undefined
  /** Annotation `org.opencontainers.image.base.name`: a reference. */
  readonly baseName: string | undefined
  /** Annotation `org.opencontainers.image.base.digest`. */
  readonly baseDigest: string | undefined
}

export interface ChildFacts {
  readonly digest: string
  /** `os/architecture` or `os/architecture/variant`; undefined: none is named. */
  readonly platform: string | undefined
}

export interface BlobFacts {
  readonly digest: string
  /** Bytes, as the descriptor says. */
  readonly size: number
}
