import type { TallymanError } from '#catalogue/error.ts'
import { FINDING_CODES, type FindingCode } from '#catalogue/finding-codes.ts'
import type { ConditionReason } from '#catalogue/reasons.ts'
import type { CheckRun } from '#controllers/check-run.ts'
import { FINDINGS_IN_STATUS, type FindingStatus, type RegistryCheckStatus } from '#crds/registry-check.ts'
import { type Finding, findingKey } from '#health/finding.ts'
import type { Verdict } from '#health/verdict.ts'
import type { WorkloadUser } from '#inventory/snapshot.ts'
import type { CheckReport } from '#report/check-report.ts'
import { getCondition, rfc3339Seconds, type Stamp, setCondition } from '#runtime/conditions.ts'
import { markProgressing, markReady, markRetrying, markStalled } from '#runtime/kstatus-marks.ts'

const USERS_SHOWN = 5
/** As registry-check.ts bounds them: the API server refuses a status with a longer text as a whole. */
const MAX_IMAGE = 1024
const MAX_MESSAGE = 1024
const MAX_PLATFORM = 128
const MAX_USER = 512
/** Of all findings shown, in the JSON that is stored: a status shall stay under 128 KiB, also where texts escape badly. */
const MAX_FINDINGS_BYTES = 96 * 1024

/** Since when each finding is known, by findingKey; milliseconds since the epoch. */
export type FirstSeen = ReadonlyMap<string, { readonly at: number; readonly harmful: boolean }>

/** The status while a new spec is worked on for the first time: nothing is known with it yet. */
export function beginningStatus(
  status: RegistryCheckStatus,
  verdict: Verdict,
  stamp: Stamp,
): RegistryCheckStatus {
  const marked = markProgressing(status, stamp, 'The registry is asked whether it answers')
  return withHealth({ ...status, ...marked }, verdict, stamp)
}

/** The status while something that the spec names is missing. */
export function retryingStatus(
  status: RegistryCheckStatus,
  reason: ConditionReason,
  error: TallymanError,
  stamp: Stamp,
): RegistryCheckStatus {
  const marked = markRetrying(status, stamp, reason, error)
  return withHealth({ ...status, ...marked }, { status: 'Unknown', reason, message: error.message }, stamp)
}

/** The status with a spec that only its author can mend. */
export function stalledStatus(
  status: RegistryCheckStatus,
  error: TallymanError,
  stamp: Stamp,
): RegistryCheckStatus {
  const marked = markStalled(status, stamp, 'SpecInvalid', error)
  const message = 'The spec cannot be carried out, so nothing is looked at'
  return withHealth({ ...status, ...marked }, { status: 'Unknown', reason: 'NotCheckedYet', message }, stamp)
}

/** The status after a complete run. A summary with a bound: counts of everything, the first findings. */
export function statusAfterRun(
  status: RegistryCheckStatus,
  run: CheckRun,
  verdict: Verdict,
  firstSeen: FirstSeen,
  stamp: Stamp,
): RegistryCheckStatus {
  const findings = shownFindings(run.findings, firstSeen, stamp.now)
  // Not of the run before: this one may stand on other proofs, or on none.
  const {
    oldestEvidence: _oldest,
    content: _content,
    pullSecrets: _secrets,
    ...kept
  } = statusWithVerdict(status, verdict, stamp)
  return {
    ...kept,
    run: {
      startedAt: rfc3339Seconds(run.startedAt),
      finishedAt: rfc3339Seconds(run.finishedAt),
      durationSeconds: Math.round((run.finishedAt - run.startedAt) / 1000),
    },
    images: { ...run.images, inUse: run.inUse },
    ...(run.oldestEvidence === undefined ? {} : { oldestEvidence: rfc3339Seconds(run.oldestEvidence) }),
    ...(run.content === undefined ? {} : { content: { ...run.content } }),
    ...(run.pullSecrets === undefined ? {} : { pullSecrets: run.pullSecrets }),
    severity: run.severity,
    findingCounts: run.counts.map((count) => ({ ...count })),
    findings,
    findingsTruncated: run.findings.length > findings.length,
    ignored: run.ignored,
    unmatchedImages: run.elsewhere,
  }
}

/** The status with another verdict. Findings and counts stay those of the last complete run, with its time. */
export function statusWithVerdict(
  status: RegistryCheckStatus,
  verdict: Verdict,
  stamp: Stamp,
): RegistryCheckStatus {
  const marked = markReady(
    status,
    stamp,
    'The spec is understood; what the check found is the condition Healthy',
  )
  return withHealth({ ...status, ...marked }, verdict, stamp)
}

function withHealth(status: RegistryCheckStatus, verdict: Verdict, stamp: Stamp): RegistryCheckStatus {
  return {
    ...status,
    conditions: setCondition(status.conditions ?? [], { type: 'Healthy', ...verdict }, stamp),
  }
}

/**
 * The status with the answer to who asked for a run. What stands until one ends is no answer.
 * @param requested the token of the request that the run began with
 */
export function withAnswer(status: RegistryCheckStatus, requested: string | undefined): RegistryCheckStatus {
  const healthy = getCondition(status.conditions ?? [], 'Healthy')
  const isOpen = healthy?.reason === 'NotCheckedYet' || healthy?.reason === 'OutdatedReport'
  return requested === undefined || isOpen ? status : { ...status, lastHandledReconcileAt: requested }
}

/** When each finding of a run was first seen: what was known keeps its time. */
export function updateFirstSeen(known: FirstSeen, findings: readonly Finding[], now: number): FirstSeen {
  return new Map(
    findings.map((finding) => {
      const key = firstSeenKey(finding)
      return [key, { at: known.get(key)?.at ?? now, harmful: finding.harmful }]
    }),
  )
}

/** What a status remembers of it: all that is left after a restart. */
export function firstSeenOf(status: RegistryCheckStatus | undefined): FirstSeen {
  return new Map(
    (status?.findings ?? []).map((finding) => {
      const harmful = !['info', 'referrer'].includes(FINDING_CODES[finding.code].class)
      return [findingKey(finding), { at: Date.parse(finding.firstSeen), harmful }]
    }),
  )
}

/** What a report that was kept remembers of it: everything. */
export function firstSeenIn(report: CheckReport): FirstSeen {
  const counting = report.findings.filter(({ ignored }) => ignored === null)
  return new Map(
    counting.map(({ image, code, platform, firstSeen, harmful }) => [
      keyOfTexts(image, code, platform ?? undefined),
      { at: Date.parse(firstSeen), harmful },
    ]),
  )
}

/** How many harmful findings of `now` were not there `before`. */
export function countNew(now: FirstSeen, before: FirstSeen): number {
  return [...now].filter(([key, { harmful }]) => harmful && !before.has(key)).length
}

/** The first findings, as many as number and bytes allow. */
function shownFindings(findings: readonly Finding[], firstSeen: FirstSeen, now: number): FindingStatus[] {
  const shown: FindingStatus[] = []
  let bytes = 0
  for (const finding of findings.slice(0, FINDINGS_IN_STATUS)) {
    const entry = findingStatus(finding, firstSeen, now)
    bytes += Buffer.byteLength(JSON.stringify(entry))
    if (bytes > MAX_FINDINGS_BYTES) break
    shown.push(entry)
  }
  return shown
}

function findingStatus(finding: Finding, firstSeen: FirstSeen, now: number): FindingStatus {
  const { use, code, severity, platform, message } = finding
  return {
    image: use.image.slice(0, MAX_IMAGE),
    code,
    severity,
    ...(platform === undefined ? {} : { platform: platform.slice(0, MAX_PLATFORM) }),
    message: message.slice(0, MAX_MESSAGE),
    usedBy: use.users.slice(0, USERS_SHOWN).map(userText),
    pods: use.pods,
    ...(use.pullFailures > 0 ? { pullFailures: use.pullFailures } : {}),
    ...(use.nodesCaching > 0 ? { cachedOnNodes: use.nodesCaching } : {}),
    firstSeen: rfc3339Seconds(firstSeen.get(firstSeenKey(finding))?.at ?? now),
  }
}

/** Of the texts as the status shows them: after a restart it is read back from there. */
export function firstSeenKey({ use, code, platform }: Finding): string {
  return keyOfTexts(use.image, code, platform)
}

function keyOfTexts(image: string, code: FindingCode, platform: string | undefined): string {
  return findingKey({ image: image.slice(0, MAX_IMAGE), code, platform: platform?.slice(0, MAX_PLATFORM) })
}

function userText({ cluster, namespace, kind, name }: WorkloadUser): string {
  return `${cluster}/${namespace}/${kind}/${name}`.slice(0, MAX_USER)
}
