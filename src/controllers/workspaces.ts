import { hasCode, TallymanError } from '#catalogue/error.ts'
import { type RegistryObject, specOf } from '#controllers/resources.ts'
import { RegistrySpec } from '#crds/registry.ts'
import { trashBelow } from '#evict/trash-place.ts'
import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import { registryUrl } from '#inventory/registry-names.ts'
import type { ObjectStore } from '#runtime/object-store.ts'

type Registries = Pick<ObjectStore<RegistryObject>, 'get' | 'list'>

/** Where something about a registry is kept: in itself or another one, below a prefix. */
export interface Workspace {
  readonly registry: RegistryObject
  readonly prefix: string
}

/** undefined: the Registry names none. @throws SPEC_INVALID, REFERENCE_NOT_FOUND */
export function workspaceOf(registry: RegistryObject, registries: Registries): Workspace | undefined {
  const { workspace } = specOf(RegistrySpec, registry)
  if (workspace === undefined) return undefined
  const { registryRef, prefix } = workspace
  if (registryRef === undefined) return { registry, prefix }
  const key = `${registry.metadata.namespace ?? ''}/${registryRef.name}`
  const other = registries.get(key)
  if (other !== undefined) return { registry: other, prefix }
  throw new TallymanError('REFERENCE_NOT_FOUND', `spec.workspace.registryRef: there is no Registry ${key}`)
}

/**
 * Another registry whose workspace lies at the same place: a journal names a repository and no registry, so that what happened to `app` of the one would be taken for what
 * happened to `app` of the other (S46). undefined: there is none. Registries of one host and path are one.
 * @throws SPEC_INVALID, REFERENCE_NOT_FOUND of this one
 */
export function workspaceSharer(
  registry: RegistryObject,
  registries: Registries,
): RegistryObject | undefined {
  const place = placeOf(registry, registries)
  if (place === undefined) return undefined
  const root = rootOf(registry)
  return registries
    .list()
    .find((each) => unlessUnclear(() => rootOf(each) !== root && placeOf(each, registries) === place))
}

/** Host, path and prefix. undefined: the Registry names no workspace. @throws SPEC_INVALID, REFERENCE_NOT_FOUND */
function placeOf(registry: RegistryObject, registries: Registries): string | undefined {
  const workspace = workspaceOf(registry, registries)
  return workspace && rootOf(workspace.registry) + workspace.prefix
}

/** The workspaces of all Registries that lie in this one, and the claims on it, as prefixes of its repositories: what is in them is in no scope (S08). */
export function workspacesIn(registry: RegistryObject, registries: Registries): string[] {
  const root = rootOf(registry)
  const prefixes = registries
    .list()
    .flatMap((each) => unlessUnclear(() => placesOf(each, registries)) ?? [])
    .filter((place) => place.startsWith(root))
    .map((place) => place.slice(root.length))
  return [...new Set([...prefixes, CLAIMS_REPOSITORY])]
}

/** Host and path of the workspace and of the trash. @throws SPEC_INVALID, REFERENCE_NOT_FOUND */
function placesOf(each: RegistryObject, registries: Registries): string[] {
  const workspace = workspaceOf(each, registries)
  if (workspace === undefined) return []
  const { registry, prefix } = workspace
  const place = rootOf(registry) + prefix
  // It lies in the registry of its source, wherever the rest of the workspace is (S19).
  const trash = rootOf(each) + trashBelow(prefix).prefix
  return trash.startsWith(`${place}/`) ? [place] : [place, trash]
}

/** undefined: a workspace that can't be made out; it holds nothing yet. */
function unlessUnclear<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (hasCode(error, 'SPEC_INVALID', 'REFERENCE_NOT_FOUND')) return undefined
    throw error
  }
}

/** Host and path, with a slash at its end. @throws SPEC_INVALID */
function rootOf(registry: RegistryObject): string {
  const { host, pathname } = registryUrl(specOf(RegistrySpec, registry), registry.metadata.namespace ?? '')
  return `${host}${pathname.replace(/\/*$/, '/')}`
}
