import type { TallymanError } from '#catalogue/error.ts'
import { type LeftLedgers, leftSentence } from '#clusters/left-ledgers.ts'
import type { PolicyContext } from '#controllers/policy-pass.ts'
import type { RegistryClaims } from '#controllers/registry-claims.ts'
import type { RegistryObject } from '#controllers/resources.ts'
import { workspaceOf, workspaceSharer } from '#controllers/workspaces.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import type { Block } from '#retention/blocks.ts'
import type { RegistryFacts } from '#retention/facts.ts'
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
  const sharer = workspaceSharer(registry, registries)
  if (sharer !== undefined) {
    const { namespace = '', name } = sharer.metadata
    const message = `the workspace of Registry ${registry.metadata.name} is that of Registry ${namespace}/${name} as well, and nobody could tell what happened in which: give the one from which nothing was deleted yet another spec.workspace.prefix (docs/retention.md)`
    return [{ code: 'WorkspaceShared', message, isAcceptable: false }]
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
    return notHeld(`the registry is not claimed: ${toleratedProblem(thrown, signal).advice}`)
  }
}

/**
 * An installation that names the registry by a longer path claims below that, does not see our claim, and its own is not read (S01).
 * @param own the tag of our claims; undefined: not known yet
 */
export function claimedBelowBlocks(
  { repositories }: Pick<RegistryFacts, 'repositories'>,
  own: string | undefined,
): Block[] {
  return repositories
    .filter(({ name }) => name.endsWith(`/${CLAIMS_REPOSITORY}`))
    .flatMap(({ name, tags, incomplete }) => {
      const path = name.slice(0, -CLAIMS_REPOSITORY.length - 1)
      const other = tags.find(({ tag }) => tag !== own)
      if (other !== undefined) {
        return notHeld(
          `${name}:${other.tag} claims the registry below ${path}, and does not see our claim: let spec.url of all Registries name it by the same path, or delete that tag once nobody needs its images`,
        )
      }
      if (incomplete === undefined) return []
      return notHeld(
        `whether somebody else claims the registry below ${path} is not known: ${name}: ${incomplete}`,
      )
    })
}

function notHeld(message: string): Block[] {
  return [{ code: 'ClaimNotHeld', message, isAcceptable: false }]
}

/** What an ImageInventory protected that is gone may still run (S05). @throws KUBE_*, CANCELLED */
export async function leftBlocks(left: Pick<LeftLedgers, 'read'>, signal: AbortSignal): Promise<Block[]> {
  return (await left.read(signal)).map((ledger) => ({
    code: 'InventoryRemoved',
    message: leftSentence(ledger),
    isAcceptable: false,
  }))
}
