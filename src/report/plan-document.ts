import type { PlanChanges } from '#report/plan-changes.ts'
import type { Block } from '#retention/blocks.ts'
import type { JudgedRepository } from '#retention/judge.ts'
import type { PlanSummary } from '#retention/plan-summary.ts'

/** A plan with what it was made from, for people and programs. */
export interface PlanDocument {
  readonly registry: { readonly name: string; readonly url: string }
  /** When the reading of the registry began, RFC 3339. */
  readonly readAt: string
  readonly summary: PlanSummary
  /** Names of rules that match no repository of the registry, in their order. */
  readonly unmatchedRules: readonly string[]
  /** Sorted by name, with every tag, sorted. */
  readonly repositories: readonly JudgedRepository[]
}

/** The plan of a RegistryPolicy: it can be approved. */
export interface PolicyPlanDocument extends PlanDocument {
  readonly kind: 'RegistryPolicyPlan'
  /** Grows when a field changes its meaning or goes. */
  readonly version: 1
  readonly policy: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly registry: { readonly name: string; readonly url: string; readonly uid: string }
  /** `spec.mode`. */
  readonly mode: string
  /** What `spec.approvedPlan` names (retention/plan-digest.ts). */
  readonly digest: string
  /** Of the rules (retention/rules-hash.ts). */
  readonly rules: string
  /** Why it cannot be carried out as it is. */
  readonly blocks: readonly Block[]
  /** null: no plan before it is known. */
  readonly changes: PlanChanges | null
}

/** What is said of a plan but for its tags. */
export type PlanHead = Omit<PolicyPlanDocument, 'repositories'>
