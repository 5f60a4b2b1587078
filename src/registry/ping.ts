import { TallymanError } from '#catalogue/error.ts'
import type { Clock } from '#time/clock.ts'
import { skewOf } from '#time/clock-skew.ts'
import { ERROR_BODY_BYTES } from './buffered.ts'
import { readCall } from './calls.ts'
import { header } from './headers.ts'
import type { Reply } from './reply.ts'
import { isFromRegistry, isWebPage, statusError } from './status.ts'
import type { CallOptions } from './target.ts'
import type { Transport } from './transport.ts'

export type Product = 'distribution-2' | 'distribution-3' | 'unknown'

/** What the answer to a probe tells. */
export interface Pong {
  readonly product: Product
  /** By how many milliseconds the registry's clock is ahead of ours (see skewOf); undefined: its answer has no date. */
  readonly skewMs: number | undefined
}

/**
 * GET /v2/ with the credentials (distribution spec, end-1).
 * @throws REGISTRY_NOT_A_REGISTRY where something else answers, and whatever keeps us from asking
 */
export async function ping(
  transport: Transport,
  clock: Clock,
  options: CallOptions | undefined,
): Promise<Pong> {
  let sentAt = clock.now()
  // The request that was answered may have waited for its turn, or have been sent again.
  const beforeSend = () => {
    options?.beforeSend?.()
    sentAt = clock.now()
  }
  const call = readCall({ target: '/v2/', scope: '', maxBytes: ERROR_BODY_BYTES }, { ...options, beforeSend })
  const reply = await transport.send(call)
  const skewMs = skewOf(header(reply.headers, 'date'), sentAt, clock.now())
  if (reply.status === 200 && answersLikeRegistry(reply)) return { product: productOf(reply), skewMs }
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
