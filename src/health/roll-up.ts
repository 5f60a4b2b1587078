import {
  FINDING_CODES,
  type FindingCode,
  PULL_BREAKING,
  SEVERITIES,
  type Severity,
} from '#catalogue/finding-codes.ts'
import type { Finding } from '#health/finding.ts'
import { worst } from '#health/severity.ts'

export interface ImageCounts {
  readonly total: number
  readonly healthy: number
  readonly unhealthy: number
  readonly unknown: number
}

export interface FindingCount {
  readonly code: FindingCode
  readonly severity: Severity
  readonly count: number
}

/** One run in numbers, with its findings worst first. */
export interface RollUp {
  readonly images: ImageCounts
  /** Images that are unknown because the registry did not answer, apart from those it refused to show. */
  readonly unreachable: number
  readonly findings: readonly Finding[]
  readonly counts: readonly FindingCount[]
  readonly severity: Severity | 'None'
  readonly ignored: number
}

export interface JudgedImage {
  readonly findings: readonly Finding[]
  /** Accepted for a time by spec.ignore. */
  readonly ignored: readonly Finding[]
  /** It could not be seen this time: some findings are of an earlier look. */
  readonly isUnseen?: boolean | undefined
}

export type ImageState = 'healthy' | 'unhealthy' | 'unknown'

/**
 * An image is unhealthy when a pull fails, unknown when that could not be seen; harmless findings leave it healthy.
 * Accepting that an image could not be seen does not make it seen (S22): it stays unknown.
 */
export function stateOf({ findings, ignored }: JudgedImage): ImageState {
  if (findings.some(breaksPull)) return 'unhealthy'
  return [...findings, ...ignored].some((finding) => finding.harmful && !breaksPull(finding))
    ? 'unknown'
    : 'healthy'
}

/** A pull fails for it. */
export function breaksPull({ code, harmful }: Finding): boolean {
  const { class: kind } = FINDING_CODES[code]
  return harmful && PULL_BREAKING.has(kind)
}

function isUnreachable(image: JudgedImage): boolean {
  const harmful = [...image.findings, ...image.ignored].filter((finding) => finding.harmful)
  return (
    (image.isUnseen === true || stateOf(image) === 'unknown') &&
    harmful.some(({ code }) => code === 'NotExamined')
  )
}

/** @param others findings that are about no image */
export function rollUp(images: readonly JudgedImage[], others: readonly Finding[] = []): RollUp {
  const states = images.map(stateOf)
  const count = (state: ImageState) => states.filter((other) => other === state).length
  const findings = [...images.flatMap((image) => image.findings), ...others].sort(worstFirst)
  return {
    images: {
      total: images.length,
      healthy: count('healthy'),
      unhealthy: count('unhealthy'),
      unknown: count('unknown'),
    },
    unreachable: images.filter(isUnreachable).length,
    findings,
    counts: countFindings(findings),
    severity: worst(findings.map((finding) => finding.severity)) ?? 'None',
    ignored: images.reduce((sum, image) => sum + image.ignored.length, 0),
  }
}

function countFindings(findings: readonly Finding[]): FindingCount[] {
  return SEVERITIES.flatMap((severity) => {
    const bySeverity = findings.filter((finding) => finding.severity === severity)
    const codes = [...new Set(bySeverity.map((finding) => finding.code))].sort()
    return codes.map((code) => ({
      code,
      severity,
      count: bySeverity.filter((finding) => finding.code === code).length,
    }))
  })
}

/** A total order, so that the same world gives the same status. */
function worstFirst(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compare(a.use.image, b.use.image) ||
    compare(a.code, b.code) ||
    compare(a.platform ?? '', b.platform ?? '') ||
    compare(a.subject, b.subject)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
