import { TallymanError } from '#catalogue/error.ts'
import type { UntagMethod } from '#evict/untag.ts'
import { untagMethod } from '#evict/untag-method.ts'
import type { DeletionCapabilities, DeletionSupport, Product } from '#registry/client.ts'
import type { RepositoryRemoval } from '#retention/removal-request.ts'

/** `WithDigests`: no tag goes by itself, each manifest takes its tags along. */
export type RemovalMethod = UntagMethod | 'WithDigests'

type Removal = Pick<RepositoryRemoval, 'repository' | 'bindings'>

/**
 * How what is to be removed of a repository goes.
 * @param product what the registry answers like @param mayPlaceholder also where it is not known that the product deletes no more with it
 * @throws DELETE_UNSUPPORTED; REGISTRY_UNAUTHORIZED, REGISTRY_FORBIDDEN and what else the registry answered
 */
export function deletionMethod(
  removal: Removal,
  found: DeletionCapabilities,
  product: Product,
  mayPlaceholder: boolean,
): RemovalMethod {
  const { repository } = removal
  const { tagDelete, digestDelete, readOnly, error } = found
  if (readOnly) throw unsupported(repository, 'the registry is read-only: its maintenance mode is on', error)
  refuse(repository, digestDelete, 'a manifest', error)
  const method = untagMethod(found, product, mayPlaceholder ? 'Allowed' : 'Auto')
  if (method !== undefined) return method
  if (tagDelete !== 'unsupported') refuse(repository, tagDelete, 'a tag', error)
  assertWithDigests(removal, error)
  return 'WithDigests'
}

/**
 * Where no tag goes by itself, all that go have to go with their digests.
 * @throws DELETE_UNSUPPORTED the digest of one stays
 */
export function assertWithDigests({ repository, bindings }: Removal, cause?: TallymanError): void {
  const stuck = bindings.find(({ stays }) => stays !== undefined)
  if (stuck === undefined) return
  throw unsupported(
    repository,
    `${stuck.tag} cannot go without its manifest, which stays: it is not known of this registry that it deletes a tag by its name and nothing with it; with --placeholder the tag is written over with an empty index, and that is deleted`,
    cause,
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
