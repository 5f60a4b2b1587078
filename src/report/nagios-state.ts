import {
  FINDING_CODES,
  type FindingClass,
  PULL_BREAKING,
  SEVERITIES,
  type Severity,
} from '#catalogue/finding-codes.ts'
import type { CurrentVerdict } from '#report/current-verdict.ts'

/** By their exit codes. */
export const NAGIOS_STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const
export type NagiosState = (typeof NAGIOS_STATES)[number]

/**
 * How bad a finding can be at most: what could not be seen is not called broken, and what only did not answer this time
 * is nobody's alarm.
 */
const WORST_BY_CLASS: Readonly<Record<FindingClass, Severity>> = {
  missing: 'Critical',
  damaged: 'Critical',
  refused: 'Critical',
  denied: 'Warning',
  unsupported: 'Warning',
  unreachable: 'Info',
  referrer: 'Critical',
  info: 'Info',
}

const BY_SEVERITY: Readonly<Record<Severity, NagiosState>> = {
  Critical: 'CRITICAL',
  Warning: 'WARNING',
  Info: 'OK',
}

/**
 * The state of a check for Nagios. Never OK without a complete and fresh run over enough images (S22). Where too few could be
 * seen, an image that is critical is still critical; everything else may look better than it is, and is UNKNOWN.
 */
export function nagiosState(verdict: CurrentVerdict): NagiosState {
  if (verdict.finishedAt === undefined || verdict.isOutdated) return 'UNKNOWN'
  const found = stateOfFindings(verdict)
  if (verdict.status === 'Unknown') {
    return verdict.reason === 'CoverageTooLow' && found === 'CRITICAL' ? 'CRITICAL' : 'UNKNOWN'
  }
  const isExplained = verdict.findingCounts.some(({ code }) => PULL_BREAKING.has(FINDING_CODES[code].class))
  if (verdict.status === 'False' && !isExplained) return 'WARNING'
  return found
}

function stateOfFindings({ findingCounts }: CurrentVerdict): NagiosState {
  const severities = findingCounts.map(({ code, severity }) =>
    milder(severity, WORST_BY_CLASS[FINDING_CODES[code].class]),
  )
  const worst = SEVERITIES.find((severity) => severities.includes(severity))
  return worst === undefined ? 'OK' : BY_SEVERITY[worst]
}

function milder(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b) ? a : b
}
