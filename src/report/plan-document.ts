import type { JudgedRepository } from '#retention/judge.ts'
import type { PlanSummary } from '#retention/plan-summary.ts'

/** A plan with what it was made from, for people and programs. */
export interface PlanDocument {
  readonly registry: { readonly name: string; readonly url: string }
  /** When the reading of the registry began, RFC 3339. */
  readonly readAt: string
  readonly summary: PlanSummary
  /** Sorted by name, with every tag, sorted. */
  readonly repositories: readonly JudgedRepository[]
}
