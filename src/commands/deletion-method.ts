import { TallymanError } from '#catalogue/error.ts'
import type { UntagMethod } from '#evict/untag.ts'
import { untagMethod } from '#evict/untag-method.ts'
import type { DeletionCapabilities, DeletionSupport } from '#registry/client.ts'

/**
 * How tags and manifests go from a repository.
 * @throws DELETE_UNSUPPORTED; REGISTRY_UNAUTHORIZED, REGISTRY_FORBIDDEN and what else the registry answered
 */
export function deletionMethod(
  repository: string,
  capabilities: DeletionCapabilities,
  mayPlaceholder: boolean,
): UntagMethod {
  const { tagDelete, digestDelete, readOnly, error } = capabilities
  if (readOnly) throw unsupported(repository, 'the registry is read-only: its maintenance mode is on', error)
  refuse(repository, digestDelete, 'a manifest', error)
  const method = untagMethod(capabilities, mayPlaceholder)
  if (method !== undefined) return method
  if (tagDelete !== 'unsupported') refuse(repository, tagDelete, 'a tag', error)
  throw unsupported(
    repository,
    'the registry cannot delete a tag by its name; with --placeholder the tag is written over with an empty index, and that is deleted',
    error,
  )
}

function refuse(
  repository: string,
  support: DeletionSupport,
  what: string,
  error: TallymanError | undefined,
): void {
  switch (support) {
    case 'supported':
      return
    case 'disabled':
      throw unsupported(repository, 'deleting is switched off in the registry', error)
    case 'unsupported':
      throw unsupported(repository, `the registry has no request that deletes ${what}`, error)
    default:
      throw error ?? unsupported(repository, `nobody knows whether the registry deletes ${what}`)
  }
}

function unsupported(repository: string, why: string, cause?: TallymanError): TallymanError {
  return new TallymanError(
    'DELETE_UNSUPPORTED',
    `${repository}: ${why}`,
    cause === undefined ? {} : { cause },
  )
}
