import { atOnce } from '#inventory/at-once.ts'
import type { Judgement } from '#retention/judge.ts'
import type { ReasonCode } from '#retention/reasons.ts'
import { unreferencedInSteps } from '#retention/unreferenced-bytes.ts'
import { Pace } from '#time/pace.ts'

export interface PlanSummary {
  readonly repositories: number
  readonly tags: number
  readonly keep: number
  readonly untag: number
  readonly evict: number
  /** Digests that may be deleted, each once for every repository that it goes from. */
  readonly digests: number
  /**
   * Bytes of manifests, configs and layers that nothing refers to any more when all of that is gone: what several share counts once, and not at all where something
   * that stays has it too. The garbage collection of the registry frees them (S20).
   */
  readonly unreferencedBytes: number
  /** How many tags each reason holds for. */
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>
}

export function summarize(judgement: Judgement): PlanSummary {
  return atOnce(summaryInSteps(judgement, new Pace()))
}

/** The same in steps. */
export function* summaryInSteps(judgement: Judgement, pace: Pace): Generator<undefined, PlanSummary> {
  const counts = { tags: 0, keep: 0, untag: 0, evict: 0, digests: 0 }
  const reasons: Partial<Record<ReasonCode, number>> = {}
  for (const { verdicts } of judgement.repositories) {
    const digests = new Set<string | undefined>()
    for (const { action, reason, digest } of verdicts) {
      counts.tags += 1
      counts[action] += 1
      reasons[reason.code] = (reasons[reason.code] ?? 0) + 1
      if (action === 'evict') digests.add(digest)
      if (pace.isTurnOver()) yield
    }
    counts.digests += digests.size
  }
  return {
    repositories: judgement.repositories.length,
    ...counts,
    unreferencedBytes: yield* unreferencedInSteps(judgement, pace),
    reasons,
  }
}
