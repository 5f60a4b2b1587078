import { TallymanError } from '#catalogue/error.ts'
import { isDigest } from './digest.ts'

/** Distribution spec 1.1, "Pulling manifests". Upper case is let through: some products serve it. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/i
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

export function isTag(text: string): boolean {
  return TAG.test(text)
}

/**
 * Refuses names that no registry can hold before they become part of a path: a registry answers them with a plain-text
 * 404 that means nothing, and `..` or `?` would ask for something else.
 * @throws REGISTRY_ABSENT
 */
export function checkRepository(repository: string): void {
  if (repository.length > 255 || !REPOSITORY.test(repository)) throw impossible('repository name', repository)
}

/** @throws REGISTRY_ABSENT where `reference` is neither a tag nor a digest of a known algorithm */
export function checkReference(reference: string): void {
  if (!isTag(reference) && !isDigest(reference)) throw impossible('tag or digest', reference)
}

/** @throws REGISTRY_ABSENT */
export function checkDigest(digest: string): void {
  if (!isDigest(digest)) throw impossible('digest', digest)
}

function impossible(what: string, text: string): TallymanError {
  return new TallymanError(
    'REGISTRY_ABSENT',
    `"${text.slice(0, 140)}" is no valid ${what}, so no registry holds it`,
    {
      details: { reason: 'invalid-name' },
    },
  )
}
