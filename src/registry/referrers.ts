import { hasCode, TallymanError } from '#catalogue/error.ts'
import { pullScope } from './auth/scope.ts'
import { readCall } from './calls.ts'
import { digestOf } from './digest.ts'
import { header, headerValues } from './headers.ts'
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from './manifest.ts'
import { essence, OCI_INDEX } from './media-types.ts'
import { checkDigest, checkRepository } from './names.ts'
import { linkQuery } from './pagination.ts'
import type { Reply } from './reply.ts'
import { statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'

/** Of one subject: signatures and reports of many years are some hundreds. */
const MAX_REFERRERS = 10_000
const MAX_PAGES = 100

/** What registries without the API answer, apart from 404 (Google's). */
const WITHOUT_API: ReadonlySet<number> = new Set([400, 405, 406])

/**
 * Distribution spec 1.1, "Listing Referrers": the digests of the manifests whose subject this one is, over all pages. No filter is asked for,
 * so none has to be checked.
 * @param digest of the subject; the registry need not have it
 * @throws REGISTRY_ABSENT 404: by the specification the registry has no such API; REGISTRY_UNSUPPORTED where it says so in another way;
 *   REGISTRY_PAGINATION where this is no list, or one that does not end
 */
export async function listReferrers(
  transport: Transport,
  name: string,
  digest: string,
  options: CallOptions | undefined,
): Promise<readonly string[]> {
  checkRepository(name)
  checkDigest(digest)
  const path = `/v2/${name}/referrers/${digest}`
  const what = `the referrers of ${name} ${digest}`
  const referrers = new Set<string>()
  const asked = new Set<string>()
  let query: string | undefined = ''
  while (query !== undefined) {
    if (asked.has(query) || asked.size === MAX_PAGES || referrers.size > MAX_REFERRERS) {
      throw new TallymanError('REGISTRY_PAGINATION', `The pages of ${what} repeat themselves or do not end`)
    }
    asked.add(query)
    const target: string = query === '' ? path : `${path}?${query}`
    const call = {
      target,
      scope: pullScope(name),
      headers: ['accept', OCI_INDEX],
      maxBytes: MAX_MANIFEST_BYTES,
    }
    const reply: Reply = await transport.send(readCall(call, options))
    for (const referrer of digestsIn(reply, what)) referrers.add(referrer)
    query = linkQuery(headerValues(reply.headers, 'link'))
  }
  return [...referrers]
}

function digestsIn(reply: Reply, what: string): readonly string[] {
  const contentType = essence(header(reply.headers, 'content-type'))
  if (WITHOUT_API.has(reply.status) || (reply.status === 200 && contentType !== OCI_INDEX)) {
    throw new TallymanError('REGISTRY_UNSUPPORTED', `${reply.url.host} does not list ${what}`)
  }
  if (reply.status !== 200) throw statusError(reply, 'GET', what)
  const page = indexIn(reply, what)
  if (page.kind === 'index') return page.manifests.map(({ digest }) => digest)
  throw new TallymanError('REGISTRY_PAGINATION', `The list of ${what} is no index`)
}

/** A list that makes no sense says nothing of what it lists. */
function indexIn(reply: Reply, what: string): Manifest {
  try {
    return parseManifest(reply.body, digestOf(reply.body), OCI_INDEX, what)
  } catch (error) {
    if (!hasCode(error, 'REGISTRY_MANIFEST_INVALID', 'REGISTRY_MEDIA_TYPE')) throw error
    throw new TallymanError('REGISTRY_PAGINATION', error.message, { cause: error })
  }
}
