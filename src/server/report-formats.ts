import type { CheckReport } from '#report/check-report.ts'
import { csvFindings, csvImages } from '#report/csv-report.ts'
import { htmlReport } from '#report/html-report.ts'
import { jsonImagesInUse, jsonReport } from '#report/json-report.ts'
import { PAGE_POLICY } from '#report/page.ts'
import { CSV_TYPE, type FileFormat, HTML_TYPE, JSON_TYPE, NO_PAGE_POLICY } from '#server/file-format.ts'

export interface ReportFormat extends FileFormat<CheckReport> {
  readonly write: (report: CheckReport) => Iterable<string>
}

/** By the file name of the report. */
export const REPORT_FORMATS = {
  'report.html': {
    contentType: HTML_TYPE,
    policy: PAGE_POLICY,
    title: 'The report, as a page to read, filter and keep',
    write: htmlReport,
  },
  'report.json': {
    contentType: JSON_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'The report, as JSON',
    write: jsonReport,
  },
  'report.csv': {
    contentType: CSV_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'All findings, as CSV',
    write: csvFindings,
  },
  'images.csv': {
    contentType: CSV_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'All images, as CSV',
    write: csvImages,
  },
  'images.json': {
    contentType: JSON_TYPE,
    policy: NO_PAGE_POLICY,
    title: 'The images in use, as JSON',
    write: jsonImagesInUse,
  },
} as const satisfies Record<string, ReportFormat>

export type ReportFile = keyof typeof REPORT_FORMATS

export function isReportFile(name: string): name is ReportFile {
  return Object.hasOwn(REPORT_FORMATS, name)
}
