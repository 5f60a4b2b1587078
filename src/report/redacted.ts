import { FINDING_CODES } from '#catalogue/finding-codes.ts'
import type { CheckReport } from '#report/check-report.ts'

const NOBODY = { users: [], namespaces: [] }

/**
 * The same report without the names of workloads, namespaces, clusters and nodes, for a place that everybody may read (S19). Counts stay.
 * What a human wrote into spec.ignore goes too, and so do the words of findings and verdict: they may name anything.
 */
export function redacted(report: CheckReport): CheckReport {
  return {
    ...report,
    inventory: '',
    verdict: { ...report.verdict, message: '' },
    findings: report.findings.map((finding) => ({
      ...finding,
      ...NOBODY,
      message: FINDING_CODES[finding.code].means,
      nodes: { runs: [], ran: [], caches: [], cachingCount: finding.nodes.cachingCount },
      ignored: finding.ignored === null ? null : { ...finding.ignored, reason: '' },
    })),
    images: report.images.map((image) => ({ ...image, users: [] })),
  }
}
