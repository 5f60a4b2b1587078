import { FINDING_CODES, SEVERITIES, type Severity } from '#catalogue/finding-codes.ts'
import { anyMatches, compileGlob, type Glob } from '#crds/glob.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'
import type { Defect } from '#health/finding.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

export interface CompiledSeverityRule {
  readonly namespaces: readonly Glob[]
  readonly level: Severity
}

export function compileSeverityRules(rules: RegistryCheckSpec['severity']): CompiledSeverityRule[] {
  return (rules ?? []).map((rule) => ({ namespaces: rule.namespaces.map(compileGlob), level: rule.level }))
}

/**
 * How bad a defect is, by who uses the image: each namespace gets the level of the first rule that matches it
 * (`Warning` without one), the worst namespace counts. Harmless defects, and refusals where no pod names a pull secret,
 * are `Info` (S24), and so is everything about an image that nobody uses.
 * @param referrers of what is wrong with a signature and its like: who verifies them is not known
 */
export function severityOf(
  defect: Defect,
  use: ImageUse,
  rules: readonly CompiledSeverityRule[],
  referrers: Severity = 'Info',
): Severity {
  // Nothing uses it: a whole registry is looked at.
  if (use.kinds.length === 0) return 'Info'
  if (FINDING_CODES[defect.code].class === 'referrer') return referrers
  if (!defect.harmful || FINDING_CODES[defect.code].class === 'info') return 'Info'
  if (FINDING_CODES[defect.code].class === 'denied' && !use.withPullSecret) return 'Info'
  const levels = use.namespaces.map(
    (namespace) => rules.find((rule) => anyMatches(rule.namespaces, namespace))?.level ?? 'Warning',
  )
  return worst(levels) ?? 'Warning'
}

/** The worst of some severities; undefined of none. */
export function worst(levels: readonly Severity[]): Severity | undefined {
  return SEVERITIES.find((severity) => levels.includes(severity))
}
