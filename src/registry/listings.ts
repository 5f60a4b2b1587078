import { hasCode, TallymanError } from '#catalogue/error.ts'
import { CATALOG_SCOPE, pullScope } from './auth/scope.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { readCall } from './calls.ts'
import { EntryStore } from './entry-store.ts'
import { headerValues, NOT_CACHED } from './headers.ts'
import { ListingReader } from './listing.ts'
import { checkRepository } from './names.ts'
import { listPages, type Page } from './pagination.ts'
import { isOpen } from './reply.ts'
import { isWebPage, statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'

/**
 * The bytes of one page that are read at most. docker-registry 2.8 sends all tags of a repository as one page: 13 MB for
 * 400,000.
 */
const MAX_PAGE_BYTES = 16 * 1024 * 1024

export interface TagsOptions extends CallOptions {
  /**
   * The caller needs the last tag as much as the first: where a ping has told of a product that lists all tags sooner than page by page, it is
   * asked for that.
   */
  readonly whole?: boolean | undefined
}

/**
 * Distribution spec, end-8. A repository that was emptied has no tags; one that is not known is REGISTRY_ABSENT.
 * @param how see listPages
 */
export async function* listTags(
  transport: Transport,
  name: string,
  options: CallOptions | undefined,
  how: { readonly atOnce: boolean },
): AsyncGenerator<readonly string[], void, void> {
  checkRepository(name)
  const path = `/v2/${name}/tags/list`
  const entries = new EntryStore()
  yield* listPages(
    (query) => fetchPage(transport, path, query, pullScope(name), 'tags', entries, options),
    `the tags of ${name}`,
    how,
  )
}

/**
 * The catalog of distribution. @throws REGISTRY_UNSUPPORTED where the product has none
 */
export async function* listRepositories(
  transport: Transport,
  options: CallOptions | undefined,
): AsyncGenerator<readonly string[], void, void> {
  const entries = new EntryStore()
  try {
    yield* listPages(
      (query) => fetchPage(transport, '/v2/_catalog', query, CATALOG_SCOPE, 'repositories', entries, options),
      'the repositories',
    )
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_ABSENT')) throw error
    throw new TallymanError('REGISTRY_UNSUPPORTED', 'The registry does not list its repositories', {
      cause: error,
    })
  }
}

/**
 * One page, its slot given back before anybody sees an entry: whoever asks the same registry about each entry would wait
 * for the slot that the listing holds.
 */
async function fetchPage(
  transport: Transport,
  path: string,
  query: string,
  scope: string,
  field: string,
  entries: EntryStore,
  options: CallOptions | undefined,
): Promise<Page> {
  const target = query === '' ? path : `${path}?${query}`
  const reply = await transport.open(
    readCall({ target, scope, maxBytes: ERROR_BODY_BYTES, kind: 'download', headers: NOT_CACHED }, options),
  )
  if (!isOpen(reply)) throw statusError(reply, 'GET', path)
  if (isWebPage(reply)) {
    const error = new TallymanError(
      'REGISTRY_NOT_A_REGISTRY',
      `${reply.url.host} sent a web page for ${path}`,
    )
    reply.abandon(error)
    throw error
  }
  const reader = new ListingReader(field, path, entries)
  let size = 0
  for await (const chunk of reply.chunks()) {
    size += chunk.byteLength
    if (size > MAX_PAGE_BYTES) {
      throw new TallymanError(
        'REGISTRY_TOO_LARGE',
        `A page of ${path} is larger than ${MAX_PAGE_BYTES} bytes`,
      )
    }
    reader.write(chunk)
  }
  return { batches: reader.end(), links: headerValues(reply.headers, 'link') }
}
