import { counted } from '#catalogue/counted.ts'
import type { FindingCode } from '#catalogue/finding-codes.ts'
import { printable } from '#commands/printable.ts'
import { alignedLines } from '#commands/table.ts'
import type { CheckReport, ReportedFinding } from '#report/check-report.ts'
import { csvFindings } from '#report/csv-report.ts'
import { jsonReport } from '#report/json-report.ts'
import { userText } from '#report/user-text.ts'

export const CHECK_OUTPUTS = ['table', 'json', 'csv'] as const
export type CheckOutput = (typeof CHECK_OUTPUTS)[number]

/** The report in pieces. @param width of the terminal; undefined: nothing is cut. Only a table is. */
export function formatCheck(
  report: CheckReport,
  output: CheckOutput,
  width: number | undefined,
): Iterable<string> {
  switch (output) {
    case 'table':
      return tableOf(report, width)
    case 'json':
      return jsonReport(report)
    case 'csv':
      return csvFindings(report)
  }
}

const HEADER = ['SEVERITY', 'PROBLEM', 'IMAGE', 'USED BY']
const PROBLEM = 1
const IMAGE = 2
const USED_BY = 3

/** A line for each image that something is wrong with, worst first, and then the verdict. */
function* tableOf(report: CheckReport, width: number | undefined): Generator<string> {
  const open = report.findings.filter(({ ignored }) => ignored === null)
  const images = Map.groupBy(open, ({ image }) => image)
  if (images.size > 0) {
    const rows = [...images.values()].map(rowOf)
    const lines = alignedLines([HEADER, ...rows], { width, shrink: [USED_BY, IMAGE, PROBLEM] })
    for (const line of lines) yield `${line}\n`
    yield '\n'
  }
  yield `${verdictLine(report)}\n`
}

/** @param findings of one image, worst first */
function rowOf(findings: readonly ReportedFinding[]): string[] {
  const [{ severity, image, users } = NOTHING] = findings
  const problems = new Set(findings.map(({ code, platform }) => problemText(code, platform)))
  const [first, ...others] = users
  const more = others.length === 0 ? '' : ` +${others.length}`
  return [
    severity,
    printable([...problems].join(', ')),
    printable(image),
    first === undefined ? '-' : `${printable(userText(first))}${more}`,
  ]
}

const NOTHING = { severity: '', image: '', users: [] } as const

function problemText(code: FindingCode, platform: string | null): string {
  return platform === null ? code : `${code} ${platform}`
}

function verdictLine({ verdict, ignoredCount, imageCounts, scope }: CheckReport): string {
  const { total, inUse, unmatched } = imageCounts
  const asides = [
    ...(scope === 'All' && inUse > 0 ? [`${inUse} of ${total} ${inUse === 1 ? 'is' : 'are'} in use`] : []),
    ...(unmatched > 0 ? [`${counted(unmatched, 'image')} in use of other registries`] : []),
    ...(ignoredCount > 0 ? [`${counted(ignoredCount, 'finding')} ignored`] : []),
  ]
  return printable(`${verdict.message}${asides.length === 0 ? '' : ` (${asides.join(', ')})`}.`)
}
