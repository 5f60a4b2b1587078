import type { FindingCode, Severity } from '#catalogue/finding-codes.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'

export interface VerdictText {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** What can be said about a check at this moment. */
export interface CurrentVerdict extends VerdictText {
  /** The last complete run is older than two intervals. */
  readonly isOutdated: boolean
  /** End of the last complete run, ms since the epoch; undefined: there is none. */
  readonly finishedAt: number | undefined
  readonly counts: ImageCountsText | undefined
  readonly findingCounts: readonly { code: FindingCode; severity: Severity; count: number }[]
  /** ms since the epoch. */
  readonly now: number
}

interface ImageCountsText {
  readonly total: number
  readonly healthy: number
  readonly unhealthy: number
  readonly unknown: number
}

export interface StatusAndAge {
  readonly status: RegistryCheckStatus | undefined
  /** From when on its last complete run is too old to say anything, ms since the epoch; undefined: never. */
  readonly outdatedAt: number | undefined
  readonly isSuspended: boolean
  readonly now: number
}

/** The verdict of a status: that of its condition Healthy, unless nobody has kept it up to date (S22). */
export function verdictOfStatus({ status, outdatedAt, isSuspended, now }: StatusAndAge): CurrentVerdict {
  const healthy = status?.conditions?.find(({ type }) => type === 'Healthy')
  const finished = status?.run?.finishedAt
  const verdict: VerdictText = healthy ?? NEVER_RUN
  const current = withAge({
    ...(finished === undefined && verdict.status !== 'Unknown' ? NEVER_RUN : verdict),
    finishedAt: finished === undefined ? undefined : Date.parse(finished),
    counts: status?.images,
    findingCounts: status?.findingCounts ?? [],
    outdatedAt,
    now,
  })
  return isSuspended && current.status === 'Unknown'
    ? { ...current, message: `${current.message}; the check is suspended` }
    : current
}

interface KnownVerdict extends Omit<CurrentVerdict, 'isOutdated'> {
  readonly outdatedAt: number | undefined
}

const NEVER_RUN: VerdictText = {
  status: 'Unknown',
  reason: 'NotCheckedYet',
  message: 'No run has ended yet',
}

function withAge(known: KnownVerdict): CurrentVerdict {
  const { status, reason, message, finishedAt, counts, findingCounts, outdatedAt, now } = known
  const isOutdated = finishedAt !== undefined && outdatedAt !== undefined && now > outdatedAt
  const verdict: VerdictText = isOutdated ? outdated(known, finishedAt) : { status, reason, message }
  return { ...verdict, isOutdated, finishedAt, counts, findingCounts, now }
}

/** What is unknown already says why there is no younger run. */
function outdated({ status, reason, message }: VerdictText, finishedAt: number): VerdictText {
  const why = status === 'Unknown' && reason !== 'OutdatedReport' ? `: ${message}` : ''
  return {
    status: 'Unknown',
    reason: 'OutdatedReport',
    message: `The last complete run ended at ${new Date(finishedAt).toISOString()}, more than two intervals ago${why}`,
  }
}
