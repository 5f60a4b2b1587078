import type { CheckReport } from '#report/check-report.ts'
import { textFacts } from '#report/text-facts.ts'
import type { ReportFormat } from '#server/report-formats.ts'

/** What a body is, without the body. */
export interface BodyFacts {
  /** With its quotes. */
  readonly etag: string
  readonly bytes: number
}

/** The facts of every format of every report that was asked for. A report is immutable, and what is known of it goes with it. */
export class BodyFactsCache {
  readonly #known = new WeakMap<CheckReport, Map<ReportFormat, Promise<BodyFacts>>>()

  /** Writes the report once to know its digest and size; other requests have their turn meanwhile. */
  of(report: CheckReport, format: ReportFormat): Promise<BodyFacts> {
    const formats = this.#known.get(report) ?? new Map<ReportFormat, Promise<BodyFacts>>()
    this.#known.set(report, formats)
    const known = formats.get(format)
    if (known !== undefined) return known
    const facts = measure(format.write(report))
    formats.set(format, facts)
    return facts
  }
}

async function measure(pieces: Iterable<string>): Promise<BodyFacts> {
  const { sha256, bytes } = await textFacts(pieces)
  return { etag: `"${sha256.toString('base64url')}"`, bytes }
}

/** Whether one of the entity tags that the client names is `etag`; weak ones count (RFC 9110 §13.1.2). */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
