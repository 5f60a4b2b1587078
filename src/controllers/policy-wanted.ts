import { type RegistryObject, type RegistryPolicyObject, writtenIn } from '#controllers/resources.ts'

/** A policy, and the Registry that it deletes from. */
export interface PolicyOfRegistry {
  readonly policy: RegistryPolicyObject
  readonly registry: RegistryObject
}

/** Both as they are by now; undefined: gone. */
export interface PolicyNow {
  readonly policy: RegistryPolicyObject | undefined
  readonly registry: RegistryObject | undefined
  /** Why nothing of the policy may go until a human has looked (S04). */
  readonly held: string | undefined
}

/** Why nothing of a policy may be deleted any more, although it could when the work began (S21); undefined: nothing is in the way. */
export function whyUnwanted(then: PolicyOfRegistry, now: PolicyNow): string | undefined {
  const { policy } = now
  if (policy === undefined || policy.metadata.deletionTimestamp !== undefined)
    return 'the RegistryPolicy is gone'
  if (policy.metadata.uid !== then.policy.metadata.uid)
    return 'the RegistryPolicy is gone, and another one has its name'
  if (writtenIn(policy, 'suspend') === true) return 'spec.suspend is true'
  if (writtenIn(policy, 'mode') === 'DryRun') return 'spec.mode is DryRun'
  return now.held ?? registryChange(then.registry, now.registry)
}

/** Names, addresses and how it is deleted from have to be as they were. */
function registryChange({ metadata }: RegistryObject, now: RegistryObject | undefined): string | undefined {
  const isSame = now?.metadata.uid === metadata.uid && now?.metadata.generation === metadata.generation
  return isSame ? undefined : `Registry ${metadata.name} was changed`
}
