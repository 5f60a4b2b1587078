import type { UnderstoodPolicy } from '#controllers/policy-spec.ts'
import type { RegistryObject, RegistryPolicyObject } from '#controllers/resources.ts'
import type { RegistryPolicyStatus } from '#crds/registry-policy.ts'
import type { Stamp } from '#runtime/conditions.ts'
import type { ReconcileContext } from '#runtime/controller.ts'

/** What one reconciliation of a policy works with. */
export interface PolicyPass {
  /** As it was stored last. */
  policy: RegistryPolicyObject
  readonly stamp: Stamp
  readonly signal: AbortSignal
  /** See ReconcileContext. */
  readonly shield: ReconcileContext['shield']
  /** Writes the status: `compute` gets the one that is stored. */
  readonly write: (compute: (status: RegistryPolicyStatus) => RegistryPolicyStatus) => Promise<void>
  /** The same with the answer to who asked for a plan: it is made, or could not be. */
  readonly answer: PolicyPass['write']
}

/** What a policy works with. */
export interface PolicyContext extends UnderstoodPolicy {
  readonly registry: RegistryObject
}
