import { CLAIMS_REPOSITORY } from '#inventory/claim.ts'
import type { ManifestFacts } from '#retention/facts.ts'

/** What the types of all our artifacts begin with: reports, plans, journals, claims. */
const OWN_TYPES = 'application/vnd.tallyman.'

/**
 * Whether something is ours, or another installation's: no rule is about it (S08).
 * @param workspaces what repositories of workspaces begin with
 */
export function isOwnContent(
  repository: string,
  manifest: ManifestFacts | undefined,
  workspaces: readonly string[],
): boolean {
  return isOwnManifest(manifest) || isOwnRepository(repository, workspaces)
}

/** By what it says itself, wherever it is. */
export function isOwnManifest(manifest: ManifestFacts | undefined): boolean {
  return manifest?.artifactType?.startsWith(OWN_TYPES) === true
}

/** Everything in it is. */
export function isOwnRepository(repository: string, workspaces: readonly string[]): boolean {
  return (
    // Also that of a Registry with a longer path.
    repository.split('/').at(-1) === CLAIMS_REPOSITORY ||
    workspaces.some((prefix) => repository === prefix || repository.startsWith(`${prefix}/`))
  )
}
