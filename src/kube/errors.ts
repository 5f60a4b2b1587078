import { TallymanError } from '#catalogue/error.ts'
import type { ErrorCode } from '#catalogue/error-codes.ts'
import { isRecord } from './json.ts'
import { isEnvelope, openEnvelope } from './protobuf/envelope.ts'
import { readStatus } from './protobuf/status.ts'
import { jsonStatus, type KubeStatus } from './status-object.ts'

/** What an error message names of a request: never its query or its body. */
export interface RequestName {
  readonly method: string
  readonly path: string
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'KUBE_UNAUTHORIZED',
  403: 'KUBE_FORBIDDEN',
  404: 'KUBE_NOT_FOUND',
  408: 'KUBE_TIMEOUT',
  409: 'KUBE_CONFLICT',
  410: 'KUBE_EXPIRED',
  429: 'KUBE_THROTTLED',
}

/** The code for an HTTP status, or for the `code` of a Status that came as a watch event. */
export function codeOfStatus(status: number): ErrorCode {
  const known = CODE_OF_STATUS[status]
  if (known !== undefined) return known
  // A redirect comes from something in front of the API server, never from itself.
  return status >= 400 && status < 500 ? 'KUBE_INVALID' : 'KUBE_SERVER_ERROR'
}

/** True when the resource version that was asked for lies in the server's future, as after a restored backup of etcd. */
export function isVersionTooLarge(error: TallymanError): boolean {
  return error.details.cause === 'ResourceVersionTooLarge'
}

/**
 * The error for an answer outside 200-299.
 * @param body the answer's body or its beginning: a Status as JSON or protobuf, or anything a proxy sends
 * @param retryAfter the header, in seconds; a date in it is not used by API servers
 */
export function httpError(
  request: RequestName,
  status: number,
  body: Uint8Array,
  retryAfter?: string | undefined,
): TallymanError {
  const parsed = parseStatus(body)
  return statusError(
    request,
    { code: status, reason: '', message: '', causes: [], ...parsed },
    status,
    retryAfter,
  )
}

/** The error for a Status, as an answer or as an ERROR event of a watch (in which case the HTTP status was 200). */
export function statusError(
  request: RequestName,
  status: KubeStatus,
  httpStatus: number = status.code,
  retryAfter?: string | undefined,
): TallymanError {
  const seconds = status.retryAfterSeconds ?? (retryAfter === undefined ? Number.NaN : Number(retryAfter))
  // 410 is also recognised by its reason: an ERROR event of an older server may lack the code.
  const code =
    status.reason === 'Expired' || status.reason === 'Gone' ? 'KUBE_EXPIRED' : codeOfStatus(httpStatus)
  const words = [`${request.method} ${request.path}: ${httpStatus}`, status.reason, status.message]
  return new TallymanError(
    code,
    words
      .filter((word) => word !== '')
      .join(' ')
      .slice(0, 2_000),
    {
      details: {
        status: httpStatus,
        ...(status.reason === '' ? {} : { reason: status.reason }),
        ...(status.causes[0] === undefined ? {} : { cause: status.causes[0] }),
      },
      ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}),
    },
  )
}

const TIMEOUT_CODES = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']

/** The error for whatever the HTTP client threw. An abort is CANCELLED, unless the signal's reason says more. */
export function transportError(request: RequestName, thrown: unknown, signal?: AbortSignal): TallymanError {
  if (thrown instanceof TallymanError) return thrown
  const name = `${request.method} ${request.path}`
  if (signal?.aborted) {
    if (signal.reason instanceof TallymanError) return signal.reason
    return new TallymanError('CANCELLED', `${name}: cancelled`, { cause: thrown })
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const code = isRecord(thrown) && typeof thrown.code === 'string' ? thrown.code : undefined
  return new TallymanError(
    code !== undefined && TIMEOUT_CODES.includes(code) ? 'KUBE_TIMEOUT' : 'KUBE_UNREACHABLE',
    `${name}: ${message || code || 'the connection broke'}`,
    { cause: thrown, details: { reason: code } },
  )
}

function parseStatus(body: Uint8Array): KubeStatus | undefined {
  try {
    if (isEnvelope(body)) return readStatus(openEnvelope(body))
    return jsonStatus(JSON.parse(new TextDecoder().decode(body)))
  } catch (error) {
    // A proxy's page, or a Status cut off at the limit: the HTTP status alone decides then.
    if (error instanceof SyntaxError || error instanceof TallymanError) return undefined
    throw error
  }
}
