import type { UseReason } from '#inventory/in-use-index.ts'
import type { BoundManifests } from '#retention/bound-manifests.ts'
import type { ManifestFacts, RepositoryFacts } from '#retention/facts.ts'
import { type Reason, reason } from '#retention/reasons.ts'
import type { RetentionInput } from '#retention/retention-input.ts'
import { useReason } from '#retention/use-reason.ts'
import type { Pace } from '#time/pace.ts'

/** What of a registry is in use by itself, and not for something else that hangs on it. */
export interface UsageMarks {
  /** By digest. What is in use anywhere is in use in every repository (S06). */
  readonly digests: ReadonlyMap<string, UsedDigest>
  /** Why a tag is in use under its own name or digest; undefined: it is not. */
  tag(repository: string, tag: string): Reason | undefined
  /** Somebody names an image of the repository, whether it has it or not. */
  isNamed(repository: string): boolean
}

export interface UsedDigest {
  /** `repository:tag`, or `repository@digest` where no tag names it. */
  readonly name: string
  readonly reason: Reason
}

const NO_USES: readonly UseReason[] = []

/** Asks for every tag, every digest without one, and all that is below them, in steps. */
export function* usageMarks(
  { facts, usage }: Pick<RetentionInput, 'facts' | 'usage'>,
  bound: readonly BoundManifests[],
  pace: Pace,
): Generator<undefined, UsageMarks> {
  const { manifests, repositories } = facts
  const digests = new Map<string, UsedDigest>()
  const tags = new Map<string, Map<string, Reason>>()
  const named = new Set<string>()
  const asked = new Set<string>()

  const configUses = (manifest: ManifestFacts | undefined): readonly UseReason[] =>
    manifest?.config === undefined ? NO_USES : usage.usesOfConfig(manifest.config.digest)
  const askUntagged = (repository: string, digest: string) => {
    const manifest = manifests.get(digest)
    const found = useReason(usage.usesOf({ repository, digest })) ?? useReason(configUses(manifest))
    if (found !== undefined && !digests.has(digest))
      digests.set(digest, { name: `${repository}@${digest}`, reason: found })
    askBelow(repository, manifest)
  }
  /** A pod may run a child, and no tag names that. */
  const askBelow = (repository: string, manifest: ManifestFacts | undefined) => {
    for (const child of manifest?.children ?? []) {
      const key = `${repository}@${child.digest}`
      if (asked.has(key)) continue
      asked.add(key)
      askUntagged(repository, child.digest)
    }
  }
  function* askTags(
    { name, tags: named }: RepositoryFacts,
    place: number,
  ): Generator<undefined, Map<string, Reason>> {
    const found = new Map<string, Reason>()
    let at = 0
    for (const { tag, digest } of named) {
      if (pace.isTurnOver()) yield
      const manifest = bound[place]?.[at]
      at += 1
      const why =
        useReason(usage.usesOf({ repository: name, tag, digest })) ?? useReason(configUses(manifest))
      if (why !== undefined) found.set(tag, why)
      if (why !== undefined && digest !== undefined)
        digests.set(digest, { name: `${name}:${tag}`, reason: why })
      askBelow(name, manifest)
    }
    return found
  }
  for (const [place, repository] of repositories.entries()) {
    const { name, untagged } = repository
    const found = yield* askTags(repository, place)
    if (found.size > 0) tags.set(name, found)
    for (const digest of untagged) {
      askUntagged(name, digest)
      if (pace.isTurnOver()) yield
    }
    if (usage.usesOf({ repository: name }).length > 0) named.add(name)
  }
  return {
    digests,
    tag: (repository, tag) => tags.get(repository)?.get(tag),
    isNamed: (repository) => named.has(repository),
  }
}

/** For what has the digest of something in use, and is not in use itself. */
export function sameInUse({ name }: UsedDigest): Reason {
  return reason('SameInUse', name)
}
