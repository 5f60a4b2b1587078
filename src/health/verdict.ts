import type { ConditionReason } from '#catalogue/reasons.ts'
import type { RollUp } from '#health/roll-up.ts'

/** The share of images that must have been seen for a verdict (S22). */
export const MIN_COVERAGE = 0.95

/** The share of images that did not answer from which on it is an outage. */
const OUTAGE_SHARE = 0.5

export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ConditionReason
  readonly message: string
}

/**
 * The condition `Healthy` after a run (S22). Never `True` without having looked: nothing in scope, or less than 95 %
 * seen, is `Unknown`.
 */
export function verdictOf(run: RollUp): Verdict {
  const { total, healthy, unhealthy, unknown } = run.images
  if (total === 0) {
    return {
      status: 'Unknown',
      reason: 'NothingMatched',
      message:
        'No image in scope belongs to this registry; check spec.url and spec.aliases of the Registry, and spec.select',
    }
  }
  if (isOutage(run)) {
    return {
      status: 'Unknown',
      reason: 'RegistryUnreachable',
      message: `The registry did not answer for ${run.unreachable} of ${total} images; the findings are of the last complete run`,
    }
  }
  if (total - unknown < total * MIN_COVERAGE) {
    return {
      status: 'Unknown',
      reason: 'CoverageTooLow',
      message: `Only ${total - unknown} of ${total} images could be examined${problems(run)}`,
    }
  }
  if (unhealthy > 0) {
    return {
      status: 'False',
      reason: 'ProblemsFound',
      message: `${unhealthy} of ${total} images cannot be pulled${problems(run)}`,
    }
  }
  const unseen = unknown === 0 ? '' : `, ${unknown} could not be examined`
  return {
    status: 'True',
    reason: 'AllHealthy',
    message: `${healthy} of ${total} images are complete${unseen}`,
  }
}

/**
 * Most of the registry did not answer: the run says nothing about its images (DESIGN principle 11). Where only some did
 * not, the findings about the others stand, and coverage says that they are not all.
 */
export function isOutage(run: RollUp): boolean {
  return run.images.total > 0 && run.unreachable > run.images.total * OUTAGE_SHARE
}

function problems(run: RollUp): string {
  const counts = new Map<string, number>()
  for (const { code, harmful } of run.findings) {
    if (harmful) counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  const parts = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, count]) => `${count} ${code}`)
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}
