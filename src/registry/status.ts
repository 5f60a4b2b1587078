import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { isObject } from './descriptor.ts'
import { safeUrl } from './errors.ts'
import { header } from './headers.ts'
import type { Reply } from './reply.ts'

/** One entry of the error body that the distribution API specifies: `{"errors":[{code, message, detail}]}`. */
export interface ApiError {
  readonly code: string
  readonly message: string
  readonly detail: unknown
}

/** The errors in a body, none where it is HTML, plain text, cut off or of another shape. */
export function apiErrors(reply: Reply): readonly ApiError[] {
  if (reply.body.length === 0 || reply.body[0] !== 0x7b) return []
  let body: unknown
  try {
    body = JSON.parse(Buffer.from(reply.body).toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return []
    throw error
  }
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors))
    return []
  return body.errors.flatMap((each: unknown): ApiError[] => {
    if (typeof each !== 'object' || each === null || !('code' in each) || typeof each.code !== 'string')
      return []
    const message = 'message' in each && typeof each.message === 'string' ? each.message : ''
    return [{ code: each.code, message, detail: 'detail' in each ? each.detail : undefined }]
  })
}

/** True where the answer bears a mark of the distribution API; an ingress's "404 page not found" does not. */
export function isFromRegistry(reply: Reply): boolean {
  if (header(reply.headers, 'docker-distribution-api-version') !== undefined) return true
  return apiErrors(reply).length > 0
}

/** True for a web page where content was expected: a login page, a portal, a proxy's notice. */
export function isWebPage(reply: Pick<Reply, 'headers' | 'redirected'>): boolean {
  return (
    !reply.redirected &&
    header(reply.headers, 'docker-distribution-api-version') === undefined &&
    header(reply.headers, 'docker-content-digest') === undefined &&
    /^text\/html\b/i.test(header(reply.headers, 'content-type') ?? '')
  )
}

const BY_API_CODE: Readonly<Record<string, ErrorCode>> = {
  BLOB_UPLOAD_UNKNOWN: 'REGISTRY_UPLOAD_LOST',
  BLOB_UPLOAD_INVALID: 'REGISTRY_UPLOAD_LOST',
  DIGEST_INVALID: 'REGISTRY_DIGEST_MISMATCH',
  SIZE_INVALID: 'REGISTRY_SIZE_MISMATCH',
  MANIFEST_INVALID: 'REGISTRY_MANIFEST_INVALID',
  MANIFEST_BLOB_UNKNOWN: 'REGISTRY_ABSENT',
  NAME_INVALID: 'REGISTRY_ABSENT',
  TAG_INVALID: 'REGISTRY_ABSENT',
  DENIED: 'REGISTRY_FORBIDDEN',
  UNSUPPORTED: 'REGISTRY_UNSUPPORTED',
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'REGISTRY_UNAUTHORIZED',
  403: 'REGISTRY_FORBIDDEN',
  404: 'REGISTRY_ABSENT',
  405: 'REGISTRY_UNSUPPORTED',
  408: 'REGISTRY_TIMEOUT',
  409: 'REGISTRY_FORBIDDEN',
  410: 'REGISTRY_ABSENT',
  412: 'REGISTRY_FORBIDDEN',
  413: 'REGISTRY_TOO_LARGE',
  416: 'REGISTRY_SIZE_MISMATCH',
  423: 'REGISTRY_FORBIDDEN',
  429: 'REGISTRY_THROTTLED',
}

/**
 * What an answer other than the expected one means. `absent` and `damaged` come out of it only where the registry itself
 * said so; a 500 stays REGISTRY_SERVER_ERROR, except for those that distribution gives for a damaged file.
 * @param what what was asked for, for the message: `manifest app:1`
 */
export function statusError(reply: Reply, method: string, what: string): TallymanError {
  const errors = apiErrors(reply)
  const code = codeFor(reply, errors)
  const said = errors[0] === undefined ? '' : ` ${errors[0].code} ${errors[0].message}`.trimEnd()
  const missing = errors.flatMap(({ code: each, detail }) =>
    each === 'MANIFEST_BLOB_UNKNOWN' ? digestIn(detail) : [],
  )
  return new TallymanError(code, `${what}: ${reply.url.host} answered ${reply.status}${said.slice(0, 300)}`, {
    details: {
      status: reply.status,
      method,
      url: safeUrl(reply.url),
      registryCode: errors[0]?.code,
      missing: missing.length > 0 ? missing.join(' ') : undefined,
    },
  })
}

function codeFor(reply: Reply, errors: readonly ApiError[]): ErrorCode {
  const { status } = reply
  if (status >= 500) return isDamagedInStorage(errors) ? 'REGISTRY_MANIFEST_INVALID' : 'REGISTRY_SERVER_ERROR'
  if (status === 499) return 'REGISTRY_SERVER_ERROR'
  if (status >= 400) {
    if (status !== 401 && status !== 403 && errors[0] !== undefined) {
      const known = BY_API_CODE[errors[0].code]
      if (known !== undefined) return known
    }
    if (status === 400 && errors.length === 0) return 'REGISTRY_NOT_A_REGISTRY'
    return BY_STATUS[status] ?? 'REGISTRY_UNSUPPORTED'
  }
  return 'REGISTRY_NOT_A_REGISTRY'
}

/**
 * distribution hands on the Go error of a manifest that is empty or cut, or of a link that holds no digest: 2.8 as the
 * fields of a json.SyntaxError (`{"Offset":278}`), 3 in words. An outage of its storage reads differently.
 */
const DAMAGE_IN_WORDS = /unexpected end of JSON input|^invalid character '|^invalid checksum digest/

function isDamagedInStorage(errors: readonly ApiError[]): boolean {
  return errors.some(({ code, detail }) => {
    if (code !== 'UNKNOWN') return false
    if (typeof detail === 'string') return DAMAGE_IN_WORDS.test(detail)
    return isObject(detail) && typeof detail.Offset === 'number'
  })
}

function digestIn(detail: unknown): string[] {
  if (typeof detail === 'string') return [detail]
  if (typeof detail !== 'object' || detail === null) return []
  return Object.values(detail)
    .filter((value) => typeof value === 'string')
    .slice(0, 8)
}
