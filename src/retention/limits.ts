import { buildDate } from '#retention/build-date.ts'
import { type Judgement, narrow } from '#retention/judge.ts'
import { bindingKey, removals } from '#retention/removals.ts'

export interface EvictionLimits {
  /** Tags that go in one run at most; the rest goes in later ones. undefined: no limit. */
  readonly maxEvictions: number | undefined
  /** Of all tags of the registry, in percent: where more would go, nothing does until a human approves it. undefined: no limit. */
  readonly maxEvictionPercent: number | undefined
}

/**
 * The part of it that one run may carry out: the oldest first, by build date or by when the digest was first seen (S11). What is cut off is kept for now, with everything that
 * it needs.
 */
export function withinLimit(judgement: Judgement, { maxEvictions }: EvictionLimits, now: number): Judgement {
  if (maxEvictions === undefined) return judgement
  const { facts } = judgement.parts
  const seen = new Map(
    facts.repositories.map(({ name, tags }) => [
      name,
      new Map(tags.map((tag) => [tag.tag, tag.digestSince])),
    ]),
  )
  const dated = [...removals(judgement.repositories)].map(({ repository, verdict }) => {
    const { tag, digest } = verdict
    const manifest = digest === undefined ? undefined : facts.manifests.get(digest)
    const built = manifest === undefined ? undefined : buildDate(manifest, facts.manifests, now)
    const key = bindingKey(repository, tag, digest)
    // What has no date cannot be the oldest.
    return {
      key,
      digest: digest ?? '',
      at: built ?? seen.get(repository)?.get(tag) ?? Number.POSITIVE_INFINITY,
    }
  })
  if (dated.length <= maxEvictions) return judgement
  // All tags of a digest together, as far as it goes: only then may it be deleted.
  dated.sort((a, b) => compare(a.at, b.at) || compare(a.digest, b.digest) || compare(a.key, b.key))
  const allowed = new Set(dated.slice(0, maxEvictions).map(({ key }) => key))
  const allows = (repository: string, { tag, digest }: { tag: string; digest: string | undefined }) =>
    allowed.has(bindingKey(repository, tag, digest))
  return narrow(judgement, allows, 'OverLimit')
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
