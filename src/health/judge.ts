import type { Severity } from '#catalogue/finding-codes.ts'
import { type DiagnosisContext, diagnose } from '#health/diagnose.ts'
import type { ImageEvidence } from '#health/evidence.ts'
import type { Finding } from '#health/finding.ts'
import { type CompiledIgnore, isIgnored } from '#health/ignore.ts'
import type { JudgedImage } from '#health/roll-up.ts'
import { type CompiledSeverityRule, severityOf } from '#health/severity.ts'
import type { ImageUse } from '#inventory/snapshot.ts'

export interface JudgeContext extends DiagnosisContext {
  readonly severity: readonly CompiledSeverityRule[]
  /** How bad it is that a referrer is missing or damaged. */
  readonly referrers?: Severity | undefined
  readonly ignore: readonly CompiledIgnore[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The findings of one image: its defects, weighed by who uses it, apart from those that are accepted for a time. */
export function judge(use: ImageUse, evidence: ImageEvidence, context: JudgeContext): JudgedImage {
  const all = diagnose(use, evidence, context).map(
    (defect): Finding => ({
      ...defect,
      severity: severityOf(defect, use, context.severity, context.referrers),
      use,
    }),
  )
  const isAccepted = (finding: Finding) => isIgnored(finding, context.ignore, context.now)
  return { findings: all.filter((finding) => !isAccepted(finding)), ignored: all.filter(isAccepted) }
}
