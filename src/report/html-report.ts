import { counted } from '#catalogue/counted.ts'
import { PULL_BREAKING, SEVERITIES, type Severity } from '#catalogue/finding-codes.ts'
import { ADVICE } from '#report/advice.ts'
import type { CheckReport, ReportedFinding } from '#report/check-report.ts'
import { checkTitle } from '#report/check-title.ts'
import { factSheet, tile, time } from '#report/html-parts.ts'
import { escapeHtml, foreign, jsonForScript } from '#report/html-text.ts'
import { namedText } from '#report/named-text.ts'
import { pageEnd, pageStart } from '#report/page.ts'
import {
  type Column,
  evidenceLines,
  FINDING_COLUMNS,
  findingRows,
  IMAGE_COLUMNS,
  imageRows,
  type Row,
} from '#report/page-rows.ts'
import { userText } from '#report/user-text.ts'

/** How many images of a severity are told in full; the table has all of them. */
const CARDS = 50

const TOLD_IN_FULL = ['Critical', 'Warning'] as const satisfies readonly Severity[]

/** The report as one file that needs nothing else: summary, what is broken and what to do, then everything to filter and sort. */
export function* htmlReport(report: CheckReport): Generator<string> {
  yield pageStart(`${checkTitle(report.check)}: ${HEADLINES[report.verdict.status]}`)
  yield summary(report)
  const open = report.findings.filter(({ ignored }) => ignored === null)
  for (const severity of TOLD_IN_FULL) {
    const broken = open.filter((finding) => finding.severity === severity && breaksPull(finding))
    yield* cards(`${severity}: cannot be pulled`, severity, broken)
  }
  const unseen = open.filter(
    (finding) => finding.harmful && finding.severity !== 'Info' && !breaksPull(finding),
  )
  yield* cards('Could not be examined', 'Warning', unseen)
  yield* table('All findings', 'findings', FINDING_COLUMNS, findingRows(report))
  yield* table('All images', 'images', IMAGE_COLUMNS, imageRows(report))
  yield pageEnd()
}

const HEADLINES = { True: 'Healthy', False: 'Problems found', Unknown: 'Unknown' } as const
const BADGES = { True: 'healthy', False: 'unhealthy', Unknown: 'unknown' } as const

function summary(report: CheckReport): string {
  const { check, registry, inventory, run, verdict, imageCounts, content } = report
  const until = run.validUntil === null ? '' : ` data-until="${escapeHtml(run.validUntil)}"`
  const facts: [string, string][] = [
    ['Registry', `${foreign(registry.name)}<br>${foreign(registry.url)}`],
    ['Inventory', foreign(inventory)],
    ['Scope, depth', `${report.scope}, ${report.depth}`],
    ['Looked at', `${time(run.finishedAt, true)}<br>in ${run.durationSeconds.toFixed(0)} s`],
    ['Valid until', run.validUntil === null ? 'the next run' : time(run.validUntil)],
    ['Oldest proof', run.oldestEvidence === null ? 'none' : time(run.oldestEvidence, true)],
  ]
  if (content !== null) facts.push(['Blobs read to the last byte', `${content.read} of ${content.blobs}`])
  const { total, unhealthy, unknown, healthy, inUse, unmatched } = imageCounts
  const tiles = [
    tile(unhealthy, 'cannot be pulled', 'alarm'),
    tile(unknown, 'could not be examined', 'caution'),
    tile(healthy, 'complete', 'fine'),
    tile(total, `${total === 1 ? 'image' : 'images'}, ${inUse} in use`),
    ...SEVERITIES.map((severity) => tile(findingsOf(report, severity), `findings: ${severity}`)),
    tile(report.ignoredCount, 'accepted for a time'),
    tile(unmatched, 'images of other registries'),
  ]
  return `<header>
<p class="quiet">${check.namespace === '' ? '' : 'RegistryCheck '}${foreign(checkTitle(check))}</p>
<h1>${HEADLINES[verdict.status]}</h1>
<p class="verdict ${BADGES[verdict.status]}">${foreign(verdict.message)}</p>
<p id="outdated" class="banner"${until} hidden>This report is older than two intervals: it no longer says anything about the registry.</p>
${factSheet(facts)}
<ul class="tiles">${tiles.join('')}</ul>
</header>
`
}

function findingsOf({ findingCounts }: CheckReport, severity: Severity): number {
  return findingCounts.filter((each) => each.severity === severity).reduce((sum, { count }) => sum + count, 0)
}

/** What is told in full: an image a card, as long as they are few enough to be read. */
function* cards(title: string, severity: Severity, findings: readonly ReportedFinding[]): Generator<string> {
  const images = new Map<string, ReportedFinding[]>()
  for (const finding of findings) {
    const known = images.get(finding.image)
    if (known === undefined) images.set(finding.image, [finding])
    else known.push(finding)
  }
  if (images.size === 0) return
  yield `<section><h2>${title} <span class="quiet">${images.size}</span></h2>\n`
  const ordered = [...images].sort(([, a], [, b]) => waiting(b) - waiting(a))
  for (const [image, found] of ordered.slice(0, CARDS)) yield card(image, severity, found)
  if (images.size > CARDS) {
    yield `<p class="quiet">The first ${CARDS} are shown here. All are in the table below.</p>\n`
  }
  yield '</section>\n'
}

/** Pods that cannot start for want of the image: these come first. */
function waiting(findings: readonly ReportedFinding[]): number {
  return findings[0]?.pullFailures ?? 0
}

function card(image: string, severity: Severity, findings: readonly ReportedFinding[]): string {
  const [first] = findings
  const advice = [...new Set(findings.map(({ code }) => ADVICE[code]))]
  const evidence = findings.flatMap(evidenceLines)
  return `<article class="card sheet of-${severity.toLowerCase()}"><h3>${foreign(image)}</h3>
<ul>${findings.map(findingItem).join('')}</ul>
${first === undefined ? '' : usage(first)}
<p class="todo">${advice.map(escapeHtml).join('<br>')}</p>
<details><summary class="quiet">Evidence</summary><ul class="evidence">${[...new Set(evidence)]
    .map((line) => `<li>${foreign(line)}</li>`)
    .join('')}</ul></details>
</article>
`
}

function findingItem({ code, platform, message, firstSeen }: ReportedFinding): string {
  const where = platform === null ? '' : ` (${foreign(platform)})`
  return `<li><b>${code}</b>${where}: ${foreign(message)}, <span class="quiet">since ${time(firstSeen)}</span></li>`
}

function usage(finding: ReportedFinding): string {
  const { users, pods, pullFailures, nodes } = finding
  if (users.length === 0) return '<p class="quiet">Nothing uses it.</p>'
  const names = users.map((user) => foreign(userText(user))).join(', ')
  const failing =
    pullFailures === 0
      ? ''
      : ` <span class="badge critical">ImagePullBackOff in ${counted(pullFailures, 'pod')}</span>`
  const isCached = breaksPull(finding) && (nodes.runs.length > 0 || nodes.cachingCount > 0)
  const later = isCached ? `<p>${stillThere(nodes)} A pod that has to start anywhere else will fail.</p>` : ''
  return `<p>Used by ${names}: ${counted(pods, 'pod')}.${failing}</p>${later}`
}

function stillThere({ caches, cachingCount }: ReportedFinding['nodes']): string {
  if (caches.length === 0) return 'It still runs where nodes have it in their cache.'
  return `It is still cached on ${foreign(namedText(caches, cachingCount))}, where pods run on.`
}

/** A place for the table, and its rows as data: the script of the page puts one into the other. */
function* table(
  title: string,
  id: string,
  columns: readonly Column[],
  rows: Iterable<Row>,
): Generator<string> {
  yield `<section><h2>${title}</h2><div class="sheet" data-rows="${id}">
<noscript><p class="more">The table needs JavaScript. The same rows are in the CSV report.</p></noscript></div>
<script type="application/json" id="${id}">{"columns":${jsonForScript(columns)},"rows":[`
  let before = '\n'
  for (const row of rows) {
    yield before + jsonForScript(row)
    before = ',\n'
  }
  yield '\n]}</script></section>\n'
}

function breaksPull({ harmful, class: kind }: ReportedFinding): boolean {
  return harmful && PULL_BREAKING.has(kind)
}
