import type { ErrorCode } from '#catalogue/error-codes.ts'

/**
 * What was seen of one thing in a registry, after as many looks as a verdict takes. Only `absent` and `damaged` say
 * something about the image; the others say that it could not be seen.
 */
export type Sight = Present | NotPresent

export interface Present {
  readonly state: 'present'
}

export interface NotPresent {
  readonly state: 'absent' | 'damaged' | 'denied' | 'unreachable' | 'unsupported'
  /** The error of the last look. */
  readonly code: ErrorCode
  readonly message: string
  readonly answer?: Answer | undefined
}

/** What the last look was answered, as far as it is known. */
export interface Answer {
  /** Method and URL without query: `GET https://registry.example/v2/app/manifests/v1`. */
  readonly request?: string | undefined
  /** HTTP status. */
  readonly status?: number | undefined
  /** The digest, or the size in bytes, that was asked for. */
  readonly expected?: string | undefined
  /** The digest or size that arrived. */
  readonly got?: string | undefined
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string | undefined
}

export interface BlobEvidence {
  readonly digest: string
  readonly sight: Sight
}

export interface ManifestEvidence {
  /** The tag or digest that was asked for. */
  readonly reference: string
  readonly sight: Sight
  /** The digest that the bytes have; absent where they could not be read. */
  readonly digest?: string | undefined
  /** What the index says about this child. */
  readonly platform?: Platform | undefined
  /** It names manifests instead of content; those that were not looked at are not among `children`. */
  readonly isIndex?: boolean | undefined
  readonly config?: BlobEvidence | undefined
  readonly layers: readonly BlobEvidence[]
  readonly children: readonly ManifestEvidence[]
}

/** What was seen of that which refers to an image: signatures, attestations, SBOMs. */
export interface ReferrersEvidence {
  readonly found: readonly ManifestEvidence[]
  /** Why these are not all; empty: they are. */
  readonly unlisted: readonly NotPresent[]
}

/** Pods of a workload that a registry would not let pull. */
export interface RefusedPods {
  /** `cluster/namespace/kind/name`. */
  readonly workload: string
  /** Each Secret that they name, and what came of it. */
  readonly secrets: readonly string[]
  readonly sight: NotPresent
}

/** What comes of a pull with what pods name for it. */
export interface PodPullEvidence {
  readonly refused: readonly RefusedPods[]
  /** Secrets that are broken, of pods that can pull all the same. */
  readonly unusable: readonly string[]
}

/** All that one run saw of one image in use. */
export interface ImageEvidence {
  readonly repository: string
  readonly manifest: ManifestEvidence
  /** For an absent tag: whether the registry still lists it (then the manifest behind it is gone). */
  readonly tagListed?: boolean | undefined
  /** Digests that pods run and that the manifest above does not contain. */
  readonly running: readonly ManifestEvidence[]
  /** Absent: nobody asked for them, or there is no manifest that anything could refer to. */
  readonly referrers?: ReferrersEvidence | undefined
  /** Absent: nobody asked as pods would. */
  readonly pods?: PodPullEvidence | undefined
}
