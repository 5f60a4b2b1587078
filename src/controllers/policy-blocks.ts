import type { TallymanError } from '#catalogue/error.ts'
import { type LeftLedgers, leftSentence } from '#clusters/left-ledgers.ts'
import type { PolicyContext } from '#controllers/policy-pass.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { workspaceOf } from '#controllers/workspaces.ts'
import type { Block } from '#retention/blocks.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import { toleratedProblem } from '#runtime/tolerated-problem.ts'

export interface RecordStanding {
  readonly registry: RegistryObject
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get' | 'list'>
  /** Why the workspace does not tell what the policy has done, or not all of it. */
  readonly problem: TallymanError | undefined
}

/** Nothing is carried out where it cannot be recorded first, or where it is not known what was carried out already. */
export function recordBlocks({ registry, registries, problem }: RecordStanding): Block[] {
  if (workspaceOf(registry, registries) === undefined) {
    const message = `Registry ${registry.metadata.name} has no spec.workspace, where what is about to go is written first`
    return [{ code: 'WorkspaceRequired', message, isAcceptable: false }]
  }
  if (problem === undefined) return []
  const message = `what the policy has done already is not known: ${problem.advice}`
  return [{ code: 'RecordUnreadable', message, isAcceptable: false }]
}

/** A plan that is to be carried out needs the registry to be ours (S01). @throws LEADERSHIP_LOST, CANCELLED */
export async function claimBlocks(
  claims: Pick<RegistryClaims, 'hold'>,
  { registry, spec }: Pick<PolicyContext, 'registry' | 'spec'>,
  signal: AbortSignal,
): Promise<Block[]> {
  if (spec.mode === 'DryRun') return []
  try {
    await claims.hold(registry, signal)
    return []
  } catch (thrown) {
    const message = `the registry is not claimed: ${toleratedProblem(thrown, signal).advice}`
    return [{ code: 'ClaimNotHeld', message, isAcceptable: false }]
  }
}

/** What an ImageInventory protected that is gone may still run (S05). @throws KUBE_*, CANCELLED */
export async function leftBlocks(left: Pick<LeftLedgers, 'read'>, signal: AbortSignal): Promise<Block[]> {
  return (await left.read(signal)).map((ledger) => ({
    code: 'InventoryRemoved',
    message: leftSentence(ledger),
    isAcceptable: false,
  }))
}
