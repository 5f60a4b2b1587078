import type { CheckReport, ReportedFinding, ReportedImage } from '#report/check-report.ts'
import { type Column, csvLines } from '#report/csv-lines.ts'
import { userText } from '#report/user-text.ts'

const FINDING_COLUMNS: readonly Column<ReportedFinding>[] = [
  ['severity', (row) => row.severity],
  ['code', (row) => row.code],
  ['class', (row) => row.class],
  ['image', (row) => row.image],
  ['repository', (row) => row.repository],
  ['reference', (row) => row.reference],
  ['subject', (row) => row.subject],
  ['platform', (row) => row.platform],
  ['harmful', (row) => row.harmful],
  ['message', (row) => row.message],
  ['request', (row) => row.evidence.request],
  ['http_status', (row) => row.evidence.status],
  ['error_code', (row) => row.evidence.errorCode],
  ['expected', (row) => row.evidence.expected],
  ['got', (row) => row.evidence.got],
  ['first_seen', (row) => row.firstSeen],
  ['users', (row) => row.users.map(userText).join(' ')],
  ['namespaces', (row) => row.namespaces.join(' ')],
  ['pods', (row) => row.pods],
  ['pull_failures', (row) => row.pullFailures],
  ['runs_on', (row) => row.nodes.runs.join(' ')],
  ['ran_on', (row) => row.nodes.ran.join(' ')],
  ['cached_on', (row) => row.nodes.caches.join(' ')],
  ['nodes_caching', (row) => row.nodes.cachingCount],
  ['ignored_until', (row) => row.ignored?.until ?? null],
  ['ignored_because', (row) => row.ignored?.reason ?? null],
]

const IMAGE_COLUMNS: readonly Column<ReportedImage>[] = [
  ['state', (row) => row.state],
  ['image', (row) => row.image],
  ['repository', (row) => row.repository],
  ['reference', (row) => row.reference],
  ['digest', (row) => row.digest],
  ['in_use', (row) => row.inUse],
  ['severity', (row) => row.severity],
  ['findings', (row) => row.findings],
  ['users', (row) => row.users.map(userText).join(' ')],
  ['pods', (row) => row.pods],
]

/** One line for each finding, worst first, as RFC 4180 has it, and safe to open in a spreadsheet (see csvCell). */
export function csvFindings(report: CheckReport): Generator<string> {
  return csvLines(FINDING_COLUMNS, report.findings)
}

/** One line for each image in scope, broken ones first. */
export function csvImages(report: CheckReport): Generator<string> {
  return csvLines(IMAGE_COLUMNS, report.images)
}
