/*
 * What a RegistryPolicy says about what to keep. The first rule that matches a tag decides about it; what none matches is kept (S08). Being in use is no rule: what is
 * in use is kept whatever the rules say (S13).
 */

/** As users write it. Durations are texts with units, as everywhere in specs. */
export interface RetentionRule {
  readonly name: string
  /** Patterns over repositories below the URL of the registry. */
  readonly repositories: readonly string[]
  /** Patterns over repositories that it does not match all the same. */
  readonly excludeRepositories?: readonly string[] | undefined
  /** `Image`, or patterns over the types of artifacts. Absent: `Image` alone (S09). */
  readonly kinds?: readonly string[] | undefined
  readonly keep: KeepCriteria
  /**
   * A regular expression (RE2) over tags: those for which its groups hold the same text are one stream, those that it does not match another. Absent: all tags of
   * a repository are one stream. Counting is done within a stream.
   */
  readonly groupBy?: string | undefined
  /** What becomes of a repository of which nobody uses an image. Absent: `KeepNewest`. */
  readonly whenUnused?: WhenUnused | undefined
  /** Lets go of signatures and the like whose subject is nowhere in the registry. Absent: false. */
  readonly evictOrphans?: boolean | undefined
}

/** A tag is kept if one of them holds for it. It inherits nothing, and must not be empty (S13). */
export interface KeepCriteria {
  /** That many newest digests of each stream. */
  readonly newest?: number | undefined
  /** That many digests before each one in use, in its stream. */
  readonly beforeInUse?: number | undefined
  /** Patterns over tags. */
  readonly tags?: readonly string[] | undefined
  readonly semver?: KeptVersions | undefined
  /** Counted from the later of built and bound (S10). Absent: 24h. */
  readonly youngerThan?: string | undefined
  /** What was in use lately. Needs an inventory that remembers that long and has watched that long (S02). */
  readonly inUseWithin?: string | undefined
  /** Everything. */
  readonly all?: boolean | undefined
}

/** Digests with the highest versions, of tags such as `1.4`, `v1.4.2`; what has a suffix is no version. */
export interface KeptVersions {
  /** Of each major version. */
  readonly newestPerMajor?: number | undefined
  /** Of each minor version. */
  readonly newestPerMinor?: number | undefined
}

/**
 * `KeepNewest`: the rule holds as elsewhere, and keeps at least the newest digest of each stream. `Evict`: `keep.newest` does not hold there. `Keep`: everything
 * stays.
 */
export type WhenUnused = 'KeepNewest' | 'Evict' | 'Keep'

/** How a rule names container images, and indexes of them. */
export const IMAGE_KIND = 'Image'
