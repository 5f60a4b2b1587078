import { TallymanError } from '#catalogue/error.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { readCall } from './calls.ts'
import { header } from './headers.ts'
import type { Reply } from './reply.ts'
import { isFromRegistry, isWebPage, statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'

export type Product = 'distribution-2' | 'distribution-3' | 'unknown'

/**
 * GET /v2/ with the credentials (distribution spec, end-1).
 * @throws REGISTRY_NOT_A_REGISTRY where something else answers, and whatever keeps us from asking
 */
export async function ping(transport: Transport, options: CallOptions | undefined): Promise<Product> {
  const call = readCall({ target: '/v2/', scope: '', maxBytes: ERROR_BODY_BYTES }, options)
  const reply = await transport.send(call)
  if (reply.status === 200 && answersLikeRegistry(reply)) return productOf(reply)
  if (reply.status === 403 || reply.status >= 500) throw statusError(reply, 'GET', '/v2/')
  const text = Buffer.from(reply.body.subarray(0, 200)).toString('utf8')
  const hint = /HTTP request to an HTTPS server/i.test(text) ? ', and says that it wants https' : ''
  throw new TallymanError(
    'REGISTRY_NOT_A_REGISTRY',
    `${reply.url.host} answers ${reply.status} to GET /v2/, not like a registry${hint}`,
    { details: { status: reply.status } },
  )
}

function answersLikeRegistry(reply: Reply): boolean {
  if (isFromRegistry(reply)) return true
  return !isWebPage(reply) && /\bjson\b/i.test(header(reply.headers, 'content-type') ?? '')
}

/** The two generations of distribution differ in one word of a header. */
function productOf(reply: Reply): Product {
  const isPlain = Buffer.from(reply.body).toString('latin1').trim() === '{}'
  if (!isPlain || header(reply.headers, 'docker-distribution-api-version') !== 'registry/2.0')
    return 'unknown'
  switch (header(reply.headers, 'content-type')) {
    case 'application/json; charset=utf-8':
      return 'distribution-2'
    case 'application/json':
      return 'distribution-3'
    default:
      return 'unknown'
  }
}
