import { TallymanError } from '#catalogue/error.ts'
import type { DeletionGuard } from '#controllers/deletion-guard.ts'
import type { RegistryAccess } from '#controllers/registry-access.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { type Workspace, workspaceOf } from '#controllers/workspaces.ts'
import { RegistrySpec } from '#crds/registry.ts'
import type { KnownCapabilities } from '#evict/capabilities.ts'
import { DELETE_LIMIT_MS, QUIET_MS } from '#evict/delete-times.ts'
import type { ExecutionSite } from '#evict/execution.ts'
import type { KnownJournals } from '#evict/known-journals.ts'
import type { Log } from '#kube/log.ts'
import type { RegistryClient } from '#registry/client.ts'
import type { Fence } from '#runtime/fence.ts'
import type { ObjectStore } from '#runtime/object-store.ts'
import type { Clock } from '#time/clock.ts'
import { parseDuration } from '#time/duration.ts'

export interface SiteParts {
  readonly access: Pick<RegistryAccess, 'open'>
  readonly registries: Pick<ObjectStore<RegistryObject>, 'get' | 'list'>
  readonly capabilities: KnownCapabilities
  readonly journals: KnownJournals
  readonly fence: Pick<Fence, 'assertLeader'>
  readonly clock: Clock
  readonly log: Log
}

/** The workspace of a registry that is deleted from. @throws WORKSPACE_REQUIRED, SPEC_INVALID, REFERENCE_NOT_FOUND */
function requiredWorkspace(registry: RegistryObject, registries: SiteParts['registries']): Workspace {
  const workspace = workspaceOf(registry, registries)
  if (workspace !== undefined) return workspace
  throw new TallymanError(
    'WORKSPACE_REQUIRED',
    `Registry ${registry.metadata.name} has no spec.workspace, where what is about to go is written first`,
  )
}

/**
 * A client of the workspace of a registry with the right to delete journals there: `credentials.delete` of the Registry that holds it.
 * @throws WORKSPACE_REQUIRED, SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*
 */
export async function journalRemover(
  { access, registries }: Pick<SiteParts, 'access' | 'registries'>,
  registry: RegistryObject,
  signal: AbortSignal,
): Promise<RegistryClient> {
  const workspace = requiredWorkspace(registry, registries)
  const { client } = await access.open(workspace.registry, signal, 'delete')
  return client
}

/**
 * Everything that it takes to delete from a registry, each with a credential of its own (S19).
 * @throws WORKSPACE_REQUIRED, SPEC_INVALID, REFERENCE_NOT_FOUND, SECRET_*, REGISTRY_*
 */
export async function executionSite(
  { access, registries, capabilities, journals, fence, clock, log }: SiteParts,
  registry: RegistryObject,
  { guard, stillDoomed }: Pick<DeletionGuard, 'guard' | 'stillDoomed'>,
  signal: AbortSignal,
): Promise<ExecutionSite> {
  const workspace = requiredWorkspace(registry, registries)
  const { deletion } = specOf(RegistrySpec, registry)
  const [pull, push, remove, shelf] = await Promise.all([
    access.open(registry, signal, 'pull'),
    access.open(registry, signal, 'push'),
    access.open(registry, signal, 'delete'),
    access.open(workspace.registry, signal, 'push'),
  ])
  return {
    ...{ pull: pull.client, push: push.client, delete: remove.client, product: pull.product },
    shelf: { client: shelf.client, prefix: workspace.prefix, known: journals },
    ...{ guard, stillDoomed, capabilities, clock, signal },
    fence: () => fence.assertLeader(),
    audit: (line) => log.info({ audit: line }, 'destructive request'),
    quietMs: QUIET_MS,
    deleteLimitMs: parseDuration(deletion?.requestLimit ?? '') ?? DELETE_LIMIT_MS,
  }
}
