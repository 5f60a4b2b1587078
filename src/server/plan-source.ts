import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import type { PackedPlan } from '#report/packed-plan.ts'

/** What this process knows of one RegistryPolicy. */
export interface KnownPolicy {
  readonly status: RegistryPolicyStatus | undefined
  /** The last that this process has made. */
  readonly plan: PackedPlan | undefined
}

/** Where the server asks for plans. */
export interface PlanSource {
  /** undefined: there is no such policy. Any text may be asked for. */
  plan(namespace: string, name: string): KnownPolicy | undefined
  /** The plan that the status speaks of, as the workspace holds it; undefined: there is none, or it cannot be read. */
  readBack(namespace: string, name: string): Promise<PackedPlan | undefined>
}
