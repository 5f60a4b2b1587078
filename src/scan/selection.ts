import { anyMatches, compileGlob } from '#crds/glob.ts'
import type { RegistryCheckSpec } from '#crds/registry-check.ts'

/** Which repositories and tags are in scope. */
export interface Selection {
  repository(repository: string): boolean
  /** Of a repository that is in scope. */
  tag(tag: string): boolean
}

/**
 * Nothing chosen: everything. What is excluded is out, whatever else matches it.
 * @param workspaces what our own repositories begin with: they are in no scope (S08)
 */
export function compileSelection(
  select: RegistryCheckSpec['select'],
  workspaces: readonly string[] = [],
): Selection {
  const isChosen = chooser(select?.repositories, select?.excludeRepositories)
  const isOurs = (name: string) =>
    workspaces.some((prefix) => name === prefix || name.startsWith(`${prefix}/`))
  return {
    repository: (name) => isChosen(name) && !isOurs(name),
    tag: chooser(select?.tags, select?.excludeTags),
  }
}

function chooser(include: readonly string[] | undefined, exclude: readonly string[] | undefined) {
  const included = include?.map(compileGlob)
  const excluded = (exclude ?? []).map(compileGlob)
  return (name: string) =>
    (included === undefined || anyMatches(included, name)) && !anyMatches(excluded, name)
}
