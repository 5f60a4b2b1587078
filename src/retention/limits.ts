import { sortedInSteps } from '#inventory/sorted-in-steps.ts'
import { boundTag } from '#retention/bound-tag.ts'
import { buildDate } from '#retention/build-date.ts'
import { type Allows, type Judgement, narrowInSteps } from '#retention/judge.ts'
import { bindingKey, removals } from '#retention/removals.ts'
import { Pace, TURN } from '#time/pace.ts'

export interface EvictionLimits {
  /** Tags that go in one run at most; the rest goes in later ones. undefined: no limit. */
  readonly maxEvictions: number | undefined
  /** Of all tags of the registry, in percent: where more would go, nothing does until a human approves it. undefined: no limit. */
  readonly maxEvictionPercent: number | undefined
}

/**
 * The part of it that one run may carry out, in steps: the oldest first, by build date or by when the digest was first seen (S11). What is cut off is kept for now, with everything that
 * it needs.
 */
export function* withinLimitInSteps(
  judgement: Judgement,
  { maxEvictions }: EvictionLimits,
  now: number,
): Generator<undefined, Judgement> {
  if (maxEvictions === undefined) return judgement
  const { facts } = judgement.parts
  const repositories = new Map(facts.repositories.map((repository) => [repository.name, repository]))
  const pace = new Pace()
  const dated: DatedRemoval[] = []
  for (const { repository, verdict } of removals(judgement.repositories)) {
    const { tag, digest } = verdict
    const manifest = digest === undefined ? undefined : facts.manifests.get(digest)
    const built = manifest === undefined ? undefined : buildDate(manifest, facts.manifests, now)
    const known = repositories.get(repository)
    const seen = known === undefined ? undefined : boundTag(known, tag)?.digestSince
    // What has no date cannot be the oldest.
    const at = built ?? seen ?? Number.POSITIVE_INFINITY
    dated.push({ key: bindingKey(repository, tag, digest), digest: digest ?? '', at })
    if (pace.isTurnOver()) yield
  }
  if (dated.length <= maxEvictions) return judgement
  const oldest = yield* sortedInSteps(dated, TURN, oldestFirst)
  const allowed = new Set(oldest.slice(0, maxEvictions).map(({ key }) => key))
  const allows: Allows = (repository, { tag, digest }) => allowed.has(bindingKey(repository, tag, digest))
  return yield* narrowInSteps(judgement, allows, 'OverLimit')
}

interface DatedRemoval {
  readonly key: string
  readonly digest: string
  /** When it was built or first seen, ms since the epoch. */
  readonly at: number
}

/** All tags of a digest together, as far as it goes: only then may it be deleted. */
function oldestFirst(a: DatedRemoval, b: DatedRemoval): number {
  return compare(a.at, b.at) || compare(a.digest, b.digest) || compare(a.key, b.key)
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Of all tags of the registry, how many percent go; 0 where it has none. */
export function evictionPercent({
  tags,
  evict,
  untag,
}: {
  tags: number
  evict: number
  untag: number
}): number {
  return tags === 0 ? 0 : ((evict + untag) / tags) * 100
}
