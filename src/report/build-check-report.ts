import { FINDING_CODES, SEVERITIES } from '#catalogue/finding-codes.ts'
import { compileGlob } from '#crds/glob.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import type { Finding } from '#health/finding.ts'
import type { ImageState, RollUp } from '#health/roll-up.ts'
import { worst } from '#health/severity.ts'
import type { Verdict } from '#health/verdict.ts'
import type { ImageUse } from '#inventory/snapshot.ts'
import {
  CHECK_REPORT_VERSION,
  type CheckReport,
  type ImageNodes,
  type ReportedFinding,
  type ReportedImage,
  type ReportedUser,
} from '#report/check-report.ts'

/** What a complete run knows: times are ms since the epoch. */
export interface ReportedRun extends Pick<RollUp, 'images' | 'findings' | 'counts' | 'severity'> {
  readonly startedAt: number
  readonly finishedAt: number
  readonly oldestEvidence: number | undefined
  readonly content: { readonly blobs: number; readonly read: number } | undefined
  readonly inUse: number
  /** Images in use that belong to another registry. */
  readonly elsewhere: number
  /** Findings that spec.ignore accepts. */
  readonly accepted: readonly Finding[]
  readonly lookedAt: readonly {
    readonly use: ImageUse
    readonly state: ImageState
    /** Where it lies in the registry; absent where it is about a whole repository. */
    readonly place?: ImagePlace | undefined
  }[]
}

export interface ImagePlace {
  readonly repository: string
  readonly reference: string
  readonly digest?: string | undefined
}

export interface ReportInput {
  readonly check: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly registry: { readonly name: string; readonly url: string }
  readonly inventory: string
  readonly spec: Pick<RegistryCheckSpec, 'scope' | 'depth' | 'ignore'>
  readonly run: ReportedRun
  readonly verdict: Verdict
  /** From when on the run is too old to say anything, ms since the epoch; undefined: never. */
  readonly outdatedAt: number | undefined
  /** Since when a finding is known, ms since the epoch; undefined: since this run. */
  readonly firstSeen: (finding: Finding) => number | undefined
  /** Nodes that run, ran or cache an image, where somebody knows them. */
  readonly nodes?: ((image: string) => ImageNodes | undefined) | undefined
}

/** The report of one complete run. The order of what it lists does not depend on the order of the run. */
export function buildCheckReport(input: ReportInput): CheckReport {
  const { run, spec, verdict } = input
  const places = new Map(run.lookedAt.map(({ use, place }) => [use.image, place]))
  const accepting = compileAccepting(spec.ignore, run.startedAt)
  const finding = (each: Finding, isIgnored: boolean): ReportedFinding =>
    reportedFinding(each, {
      place: places.get(each.use.image),
      firstSeen: input.firstSeen(each) ?? run.startedAt,
      nodes: input.nodes?.(each.use.image),
      ignored: isIgnored ? accepting(each) : null,
    })
  const { status, reason, message } = verdict
  return {
    kind: 'RegistryCheckReport',
    version: CHECK_REPORT_VERSION,
    check: { namespace: input.check.namespace, name: input.check.name, uid: input.check.uid },
    registry: { name: input.registry.name, url: input.registry.url },
    inventory: input.inventory,
    scope: spec.scope,
    depth: spec.depth,
    run: {
      startedAt: timeText(run.startedAt),
      finishedAt: timeText(run.finishedAt),
      durationSeconds: Math.max(0, run.finishedAt - run.startedAt) / 1000,
      validUntil: input.outdatedAt === undefined ? null : timeText(input.outdatedAt),
      oldestEvidence: run.oldestEvidence === undefined ? null : timeText(run.oldestEvidence),
    },
    verdict: { status, reason, message },
    severity: run.severity,
    imageCounts: {
      total: run.images.total,
      healthy: run.images.healthy,
      unhealthy: run.images.unhealthy,
      unknown: run.images.unknown,
      inUse: run.inUse,
      unmatched: run.elsewhere,
    },
    content: run.content === undefined ? null : { blobs: run.content.blobs, read: run.content.read },
    findingCounts: run.counts.map(({ code, severity, count }) => ({ code, severity, count })),
    ignoredCount: run.accepted.length,
    findings: [
      ...run.findings.map((each) => finding(each, false)),
      ...run.accepted.map((each) => finding(each, true)),
    ].sort(worstFirst),
    images: imagesOf(run),
  }
}

interface FindingContext {
  readonly place: ImagePlace | undefined
  readonly firstSeen: number
  readonly nodes: ImageNodes | undefined
  readonly ignored: ReportedFinding['ignored']
}

function reportedFinding(finding: Finding, context: FindingContext): ReportedFinding {
  const { use, code, answer } = finding
  return {
    severity: finding.severity,
    code,
    class: FINDING_CODES[code].class,
    harmful: finding.harmful,
    image: use.image,
    repository: context.place?.repository ?? use.reference?.repository ?? null,
    reference: context.place?.reference ?? null,
    subject: finding.subject,
    platform: finding.platform ?? null,
    message: finding.message,
    evidence: {
      request: answer?.request ?? null,
      status: answer?.status ?? null,
      errorCode: finding.cause ?? null,
      expected: answer?.expected ?? null,
      got: answer?.got ?? null,
    },
    firstSeen: timeText(context.firstSeen),
    users: use.users.map(userOf),
    namespaces: [...use.namespaces],
    pods: use.pods,
    pullFailures: use.pullFailures,
    nodes: context.nodes ?? { runs: [], ran: [], caches: [], cachingCount: use.nodesCaching },
    ignored: context.ignored,
  }
}

/** What most images of a whole registry have in common. */
const NO_USERS: ReportedUser[] = []

function imagesOf(run: ReportedRun): ReportedImage[] {
  const found = new Map<string, Finding[]>()
  for (const finding of run.findings) {
    const known = found.get(finding.use.image)
    if (known === undefined) found.set(finding.use.image, [finding])
    else known.push(finding)
  }
  return run.lookedAt
    .map(({ use, state, place }): ReportedImage => {
      const findings = found.get(use.image) ?? []
      return {
        state,
        image: use.image,
        repository: place?.repository ?? use.reference?.repository ?? null,
        reference: place?.reference ?? null,
        digest: place?.digest ?? null,
        inUse: use.kinds.length > 0,
        severity: worst(findings.map(({ severity }) => severity)) ?? null,
        findings: findings.length,
        users: use.users.length === 0 ? NO_USERS : use.users.map(userOf),
        pods: use.pods,
      }
    })
    .sort(brokenFirst)
}

/** The rule that accepts a finding. Of several the one that does so for the longest time. */
function compileAccepting(rules: RegistryCheckSpec['ignore'], now: number) {
  const compiled = (rules ?? [])
    .map((rule) => ({ ...rule, image: compileGlob(rule.image), untilMs: Date.parse(rule.until) }))
    .filter(({ untilMs }) => now < untilMs)
    .sort((a, b) => b.untilMs - a.untilMs)
  return ({ code, use }: Finding): { until: string; reason: string } => {
    const rule = compiled.find(
      (each) => (each.code === undefined || each.code === code) && each.image.matches(use.image),
    )
    // A rule may have ended between the judgement and now: it was accepted all the same.
    if (rule === undefined) return { until: timeText(now), reason: '' }
    return { until: timeText(rule.untilMs), reason: rule.reason }
  }
}

function worstFirst(a: ReportedFinding, b: ReportedFinding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compare(a.image, b.image) ||
    compare(a.code, b.code) ||
    compare(a.platform ?? '', b.platform ?? '') ||
    compare(a.subject, b.subject)
  )
}

const STATES: readonly ImageState[] = ['unhealthy', 'unknown', 'healthy']

function brokenFirst(a: ReportedImage, b: ReportedImage): number {
  return STATES.indexOf(a.state) - STATES.indexOf(b.state) || compare(a.image, b.image)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function userOf({ cluster, namespace, kind, name }: ReportedUser): ReportedUser {
  return { cluster, namespace, kind, name }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}
