import { counted } from '#catalogue/counted.ts'
import { type FindingCode, SEVERITIES, type Severity } from '#catalogue/finding-codes.ts'
import type { RegistryCheckStatus } from '#crds/registry-check.ts'
import type { CheckReport, ImageNodes } from '#report/check-report.ts'
import type { CurrentVerdict } from '#report/current-verdict.ts'
import { nagiosState } from '#report/nagios-state.ts'
import { namedText } from '#report/named-text.ts'
import { plainText } from '#report/plain-text.ts'
import { userText } from '#report/user-text.ts'

/**
 * What Nagios shows: first word the state, then the verdict and performance data on the first line; then one line for
 * each image that something is wrong with, worst first.
 * @param lines linesOfReport or linesOfStatus
 */
export function* nagiosText(verdict: CurrentVerdict, lines: Iterable<string>): Generator<string> {
  const { message, finishedAt } = verdict
  const asOf = finishedAt === undefined ? '' : ` (looked at ${new Date(finishedAt).toISOString()})`
  const state = nagiosState(verdict)
  const why = state === 'OK' && verdict.status === 'False' ? ', all of severity Info' : ''
  yield `${state} - ${plainText(message)}${why}${asOf}${performanceData(verdict)}\n`
  for (const line of lines) yield `${plainText(line)}\n`
}

function performanceData({ counts, findingCounts, finishedAt, now }: CurrentVerdict): string {
  if (counts === undefined || finishedAt === undefined) return ''
  const { total, healthy, unhealthy, unknown } = counts
  const sum = (severity: Severity) =>
    findingCounts.filter((each) => each.severity === severity).reduce((all, { count }) => all + count, 0)
  const values = {
    images: total,
    ...{ healthy, unhealthy, unknown },
    critical: sum('Critical'),
    warning: sum('Warning'),
    info: sum('Info'),
    age: `${Math.max(0, Math.round((now - finishedAt) / 1000))}s`,
  }
  const texts = Object.entries(values).map(([name, value]) => `${name}=${value}`)
  return ` | ${texts.join(' ')}`
}

/** One line for each image with findings that count. */
export function* linesOfReport(report: CheckReport): Generator<string> {
  for (const findings of byImage(report.findings.filter(({ ignored }) => ignored === null))) {
    const [first] = findings
    const { image, users, pods, pullFailures, nodes } = first
    const names = users.map(userText)
    yield line({ image, findings, where: whereOf(nodes), usedBy: names, pods, pullFailures })
  }
}

/** As much of it as the status holds: its first findings. */
export function* linesOfStatus(status: RegistryCheckStatus | undefined): Generator<string> {
  const shown = status?.findings ?? []
  for (const findings of byImage(shown)) {
    const [{ image, usedBy, pods, pullFailures = 0, cachedOnNodes = 0 }] = findings
    const where = cachedOnNodes === 0 ? [] : [`cached on ${counted(cachedOnNodes, 'node')}`]
    yield line({ image, findings, where, usedBy, pods, pullFailures })
  }
  const all = (status?.findingCounts ?? []).reduce((sum, { count }) => sum + count, 0)
  if (all > shown.length) yield `and ${all - shown.length} more: the full report is not in this pod`
}

interface ProblemLine {
  readonly image: string
  readonly findings: readonly {
    severity: Severity
    code: FindingCode
    platform?: string | null | undefined
  }[]
  readonly where: readonly string[]
  readonly usedBy: readonly string[]
  readonly pods: number
  readonly pullFailures: number
}

function line({ image, findings, where, usedBy, pods, pullFailures }: ProblemLine): string {
  const severity = SEVERITIES.find((each) => findings.some((finding) => finding.severity === each)) ?? 'Info'
  const codes = findings.map(({ code, platform }) => (platform ? `${code} ${platform}` : code))
  const users = usedBy.length === 0 ? 'used by nothing' : `used by ${namedText(usedBy)}`
  const failing = pullFailures === 0 ? [] : [`ImagePullBackOff in ${counted(pullFailures, 'pod')}`]
  const running = pods === 0 ? [] : [counted(pods, 'pod')]
  const parts = [...failing, ...where, users, ...running]
  return `${severity}: ${image}: ${[...new Set(codes)].join(', ')}; ${parts.join('; ')}`
}

/** Where it runs; else where it ran; and where it lies. */
function whereOf({ runs, ran, caches, cachingCount }: ImageNodes): string[] {
  const pods =
    runs.length > 0 ? [`runs on ${namedText(runs)}`] : ran.length > 0 ? [`ran on ${namedText(ran)}`] : []
  if (caches.length > 0) return [...pods, `cached on ${namedText(caches, cachingCount)}`]
  return cachingCount === 0 ? pods : [...pods, `cached on ${counted(cachingCount, 'node')}`]
}

/** Findings of one image together, in the order of the first of each. */
function byImage<F extends { readonly image: string }>(findings: readonly F[]): [F, ...F[]][] {
  const groups = new Map<string, [F, ...F[]]>()
  for (const finding of findings) {
    const known = groups.get(finding.image)
    if (known === undefined) groups.set(finding.image, [finding])
    else known.push(finding)
  }
  return [...groups.values()]
}
